#!/bin/sh
set -e
ip address add 10.${campus}.${site}.${printer+1}/25 dev eth0
ip link set eth0 up # mutant: same: labs begin with interfaces up
ip route add default via 10.${campus}.${site}.126
