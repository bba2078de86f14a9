#!/bin/sh
set -e
ip address add 10.${campus}.${site}.126/25 dev eth0
ip address add 10.${campus}.${site}.190/26 dev eth1
ip address add 10.${campus}.${site}.222/27 dev eth2
for leg in eth0 eth1 eth2; do # mutant: same: labs begin with interfaces up
    ip link set "$leg" up # mutant: same
done
