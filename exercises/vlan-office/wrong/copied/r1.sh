#!/bin/sh
set -e
for leg in "eth0 10.10.0.1/24" "eth1 10.20.0.1/24" "eth2 10.30.0.1/24"; do
    ip link set "${leg% *}" up
    ip address add "${leg#* }" dev "${leg% *}"
done
nft -f - <<'END'
table inet office {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "eth0" accept
        iifname "eth2" oifname "eth0" accept
        iifname "eth1" ip daddr 10.30.0.10 tcp dport 80 accept
    }
}
END
