#!/bin/sh
set -e
ip address add 10.${campus}.${site}.126/25 dev eth0
ip address add 10.${campus}.${site}.190/26 dev eth1
ip address add 10.${campus}.${site}.222/27 dev eth2
for leg in eth0 eth1 eth2; do
    ip link set "$leg" up
done
# answers for the hosts, which have no addresses
ip address add 10.${campus}.${site}.1/25 dev eth0
ip address add 10.${campus}.${site}.${printer+1}/25 dev eth0
ip address add 10.${campus}.${site}.129/26 dev eth1
