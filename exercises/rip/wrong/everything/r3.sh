#!/bin/sh
vtysh <<'END'
configure terminal
router rip
 version 2
 timers basic 5 15 10
 network 0.0.0.0/0
exit
end
END
