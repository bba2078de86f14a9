#!/bin/sh
set -e
ip link add vx0 type vxlan id 7 local ${wan.1} remote ${wan.2} dstport 51820
ip address add 192.168.0.1/30 dev vx0
ip link set vx0 up
ip route add ${east} via 192.168.0.2
nft -f - <<'END'
table inet company {
    chain forward {
        type filter hook forward priority filter;
        iifname "eth1" drop
    }
}
END
sysctl -q -w net.ipv4.ip_forward=1
