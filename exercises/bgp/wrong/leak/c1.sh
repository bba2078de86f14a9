#!/bin/sh
vtysh <<'END'
configure terminal
route-map first-open permit 10
exit
route-map second-open permit 10
 set as-path prepend ${asn} ${asn}
exit
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
 neighbor 10.0.2.1 remote-as 65102
 neighbor 10.0.2.250 remote-as 65102
 address-family ipv4 unicast
  network ${lan}
  neighbor 10.0.1.1 route-map first-in in
  neighbor 10.0.1.1 route-map first-open out
  neighbor 10.0.2.1 route-map second-in in
  neighbor 10.0.2.1 route-map second-open out
  neighbor 10.0.2.250 route-map second-in in
  neighbor 10.0.2.250 route-map second-open out
end
END
