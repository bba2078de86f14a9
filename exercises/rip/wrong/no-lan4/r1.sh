#!/bin/sh
vtysh <<'END'
configure terminal
router rip
 version 2
 timers basic 5 15 10
 network eth${p1}
 network eth${p1+1}
 network eth${p1+2}
 passive-interface eth${p1}
exit
end
END
