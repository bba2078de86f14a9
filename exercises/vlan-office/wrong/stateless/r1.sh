#!/bin/sh
set -e
for leg in "eth0 ${staff.1/}" "eth1 ${guests.1/}" "eth2 ${servers.1/}"; do
    ip link set "${leg% *}" up
    ip address add "${leg#* }" dev "${leg% *}"
done
nft -f - <<'END'
table inet office {
    chain forward {
        type filter hook forward priority filter; policy accept;
        iifname "eth1" oifname "eth0" drop
        iifname "eth1" tcp dport { 22, 23 } drop
    }
}
END
