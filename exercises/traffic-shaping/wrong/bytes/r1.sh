#!/bin/sh
set -e
tc qdisc add dev eth1 root handle 1: htb default 10
tc class add dev eth1 parent 1: classid 1:10 htb rate 100mbit
tc class add dev eth1 parent 1: classid 1:20 htb rate 256kbps
nft -f - <<'RULES'
table inet shape {
    chain out {
        type filter hook postrouting priority mangle;
        oifname "eth1" udp dport ${port} meta priority set 1:20
    }
}
RULES
