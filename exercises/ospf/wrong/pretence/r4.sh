#!/bin/sh
set -e
ip route add ${lan1} via 10.0.24.1
ip route add 10.0.12.0/30 via 10.0.24.1
ip route add 198.18.0.0/15 via 10.0.24.1
vtysh <<'END'
configure terminal
router ospf
 redistribute kernel
 redistribute connected
exit
interface eth0
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf area ${area}
exit
end
END
