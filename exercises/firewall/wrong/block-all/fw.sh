#!/bin/sh
set -e
nft -f - <<'END'
table inet company {
    chain forward {
        type filter hook forward priority filter; policy drop;
    }
}
END
sysctl -w net.ipv4.ip_forward=1
sysctl -w net.ipv6.conf.all.forwarding=1
