#!/bin/sh
vtysh <<'END'
configure terminal
router rip
 version 2
 timers basic 5 15 10
 network eth${p2}
 network eth${p2+1}
 network eth${p2+2}
 passive-interface eth${p2}
exit
end
END
