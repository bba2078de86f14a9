#!/bin/sh
vtysh <<'END'
configure terminal
router ospf
exit
interface eth0
 ip ospf area ${area}
 ip ospf network point-to-point
 ip ospf cost 100
 ip ospf hello-interval 3
 ip ospf dead-interval 12
exit
interface eth1
 ip ospf area ${area}
 ip ospf network point-to-point
 ip ospf cost 100
 ip ospf hello-interval 3
 ip ospf dead-interval 12
exit
end
END
