#!/bin/sh
set -e
vtysh <<'END'
configure terminal
ipv6 forwarding
interface eth0
 ipv6 address ${office.1/}
 ipv6 nd prefix ${office}
 no ipv6 nd suppress-ra
exit
interface eth1
 ipv6 address ${servers.1/}
exit
end
write memory
END
nft -f - <<'END'
table ip6 hide {
    chain out {
        type nat hook postrouting priority srcnat;
        oifname "eth1" masquerade
    }
}
END
