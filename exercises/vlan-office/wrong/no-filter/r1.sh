#!/bin/sh
set -e
for leg in "eth0 ${staff.1/}" "eth1 ${guests.1/}" "eth2 ${servers.1/}"; do
    ip link set "${leg% *}" up
    ip address add "${leg#* }" dev "${leg% *}"
done
# no filter at all
