#!/bin/sh
vtysh <<'END'
configure terminal
ip prefix-list own permit ${lan}
route-map first-in permit 10
 set local-preference 200
exit
route-map second-in permit 10
exit
route-map first-out permit 10
 match ip address prefix-list own
exit
route-map second-out permit 10
 match ip address prefix-list own
 set as-path prepend ${asn} ${asn}
exit
router bgp ${asn}
 neighbor 10.0.1.1 remote-as 65101
 address-family ipv4 unicast
  network ${lan}
  neighbor 10.0.1.1 route-map first-in in
  neighbor 10.0.1.1 route-map first-out out
end
END
