#!/bin/sh
set -e
ip route add ${lan4} via 10.0.12.2
ip route add 10.0.24.0/30 via 10.0.12.2
ip route add 10.0.34.0/30 via 10.0.13.2
ip route add 198.18.0.0/15 via ${lan1.250}
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
