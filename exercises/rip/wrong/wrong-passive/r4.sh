#!/bin/sh
vtysh <<'END'
configure terminal
router rip
 version 2
 timers basic 5 15 10
 network eth0
 network eth1
 passive-interface eth1
exit
end
END
