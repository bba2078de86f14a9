#!/bin/sh
set -e
# 64 to 127: only half of the office
ip address add 10.${campus}.${site}.126/26 dev eth0
ip address add 10.${campus}.${site}.190/26 dev eth1
ip address add 10.${campus}.${site}.222/27 dev eth2
for leg in eth0 eth1 eth2; do
    ip link set "$leg" up
done
