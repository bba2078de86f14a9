#!/bin/sh
set -e
nft -f - <<'END'
table inet company {
    chain forward {
        type filter hook forward priority filter; policy accept;
        ct state established,related accept
        ip saddr 203.0.113.10 ip daddr 192.0.2.80 tcp dport { 80, 443 } accept
        ip6 saddr 2001:db8:3::10 ip6 daddr 2001:db8:2::80 tcp dport { 80, 443 } accept
        ip saddr 192.0.2.80 oifname "eth2" tcp dport 443 accept
        ip6 saddr 2001:db8:2::80 oifname "eth2" tcp dport 443 accept
        ip saddr { 203.0.113.10, 192.0.2.80 } drop
        ip6 saddr { 2001:db8:3::10, 2001:db8:2::80 } drop
    }
}
END
sysctl -w net.ipv4.ip_forward=1
sysctl -w net.ipv6.conf.all.forwarding=1
