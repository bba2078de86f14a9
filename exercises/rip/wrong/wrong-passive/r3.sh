#!/bin/sh
vtysh <<'END'
configure terminal
router rip
 version 2
 timers basic 5 15 10
 network eth${p3}
 network eth${p3+1}
 network eth${p3+2}
exit
end
END
