#!/bin/sh
set -e
nft -f - <<'END'
table inet company {
    chain forward {
        type filter hook forward priority filter; policy accept;
        ct state established,related accept
        ip saddr 203.0.113.10 ip daddr 192.0.2.${web} tcp dport { 80, ${shop} } accept
        ip6 saddr 2001:db8:3::10 ip6 daddr 2001:db8:2::${web} tcp dport { 80, ${shop} } accept
        ip saddr 192.0.2.${web} oifname "eth2" tcp dport ${updates} accept
        ip6 saddr 2001:db8:2::${web} oifname "eth2" tcp dport ${updates} accept
        ip saddr { 203.0.113.10, 192.0.2.${web} } drop
        ip6 saddr { 2001:db8:3::10, 2001:db8:2::${web} } drop
    }
}
END
sysctl -w net.ipv4.ip_forward=1
sysctl -w net.ipv6.conf.all.forwarding=1
