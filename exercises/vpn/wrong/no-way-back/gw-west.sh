#!/bin/sh
set -e
# A script cannot carry a public key from one node to the other, so both make the two key pairs out of what both know.
# That is for this test alone: a student's key is random and stays where it was made.
key() { printf '%-32.32s' "$1 of ${west}" | base64; }
umask 077
key west > /etc/wireguard/private
ip link add wg0 type wireguard || wireguard-go wg0
wg set wg0 listen-port 51820 private-key /etc/wireguard/private \
    peer "$(key east | wg pubkey)" endpoint ${wan.2}:51820 allowed-ips ${east}
ip link set wg0 mtu 1420 up
ip route add ${east} dev wg0
nft -f - <<'END'
table inet company {
    chain forward {
        type filter hook forward priority filter;
        iifname "eth1" drop
    }
}
END
sysctl -q -w net.ipv4.ip_forward=1
