#!/bin/sh
set -e
nft -f - <<'END'
table ip nat {
    chain prerouting {
        type nat hook prerouting priority dstnat;
        ip daddr ${outside.2} tcp dport ${port} dnat to ${inside.80}:80
    }
    chain postrouting {
        type nat hook postrouting priority srcnat;
        ip saddr ${inside} oifname "eth1" masquerade
        ip saddr ${inside} oifname "eth0" ct status dnat masquerade
    }
}
table ip filter {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "eth0" accept
        iifname "eth1" ct status dnat accept
    }
}
END
sysctl -q -w net.ipv4.ip_forward=1
