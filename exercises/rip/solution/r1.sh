#!/bin/sh
vtysh <<'END'
configure terminal
router rip
 version 2
 timers basic 5 15 10
 network eth0
 network eth1
 network eth2
 passive-interface eth0
exit
end
END
