#!/bin/sh
vtysh <<'END'
configure terminal
router bgp ${asn}
 neighbor 10.0.1.1 remote-as 65101
 neighbor 10.0.2.1 remote-as 65102
 neighbor 10.0.2.250 remote-as 65102
 address-family ipv4 unicast
  network ${lan}
end
END
