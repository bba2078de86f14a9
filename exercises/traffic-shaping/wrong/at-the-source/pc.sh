#!/bin/sh
set -e
tc qdisc add dev eth0 root handle 1: htb default 10
tc class add dev eth0 parent 1: classid 1:10 htb rate 100mbit
tc class add dev eth0 parent 1: classid 1:20 htb rate 256kbit
nft -f - <<'RULES'
table inet shape {
    chain out {
        type filter hook output priority mangle;
        udp dport ${port} meta priority set 1:20
    }
}
RULES
