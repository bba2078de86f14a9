#!/bin/sh
vtysh <<'END'
configure terminal
router rip
 version 2
 timers basic 5 15 10
 network eth${p4+1}
 network eth${p4+2}
 passive-interface eth${p4+2}
exit
end
END
