#!/bin/sh
set -e
for dev in eth0 eth1; do
    tc qdisc add dev $dev root handle 1: htb default 10
    tc class add dev $dev parent 1: classid 1:10 htb rate 100mbit
    tc class add dev $dev parent 1: classid 1:20 htb rate 256kbit
done
nft -f - <<'RULES'
table inet shape {
    chain out {
        type filter hook postrouting priority mangle;
        udp dport ${port} meta priority set 1:20
    }
}
RULES
