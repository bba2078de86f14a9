#!/bin/sh
ip address add 10.0.9.1/24 dev eth0
vtysh <<'END'
configure terminal
ip prefix-list own permit 10.0.9.0/24
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
 set as-path prepend ${asn+1} ${asn+1}
exit
router bgp ${asn+1}
 neighbor 10.0.1.1 remote-as 65101
 neighbor 10.0.2.1 remote-as 65102
 neighbor 10.0.2.250 remote-as 65102
 address-family ipv4 unicast
  network 10.0.9.0/24
  neighbor 10.0.1.1 route-map first-in in
  neighbor 10.0.1.1 route-map first-out out
  neighbor 10.0.2.1 route-map second-in in
  neighbor 10.0.2.1 route-map second-out out
  neighbor 10.0.2.250 route-map second-in in
  neighbor 10.0.2.250 route-map second-out out
end
END
