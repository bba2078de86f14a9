#!/bin/sh
set -e
nft -f - <<'END'
table inet company {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "eth0" accept
        iifname "eth2" ip daddr 192.0.2.80 tcp dport { 80, 443 } accept
        iifname "eth2" ip6 daddr 2001:db8:2::80 tcp dport { 80, 443 } accept
        iifname "eth1" oifname "eth2" tcp dport 443 accept
    }
}
END
sysctl -w net.ipv4.ip_forward=1
sysctl -w net.ipv6.conf.all.forwarding=1
