#!/bin/sh
set -e
vtysh <<'END'
configure terminal
ipv6 forwarding
interface eth0
 ipv6 address 2001:db8:1::1/64
 ipv6 nd prefix 2001:db8:1::/64
 no ipv6 nd suppress-ra
exit
interface eth1
 ipv6 address 2001:db8:2::1/64
 ipv6 nd prefix 2001:db8:2::/64 86400 14400 no-autoconfig
 no ipv6 nd suppress-ra
exit
end
write memory
END
