#!/bin/sh
set -e
ip link add vx0 type vxlan id 7 local ${wan.2} remote ${wan.1} dstport 51820
ip address add 192.168.0.2/30 dev vx0
ip link set vx0 up
ip route add ${west} via 192.168.0.1
nft -f - <<'END'
table inet company {
    chain forward {
        type filter hook forward priority filter;
        iifname "eth1" drop
    }
}
END
sysctl -q -w net.ipv4.ip_forward=1
