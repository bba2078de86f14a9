#!/bin/sh
set -e
ip address add 10.0.1.1/24 dev eth0
ip address add 10.0.2.1/24 dev eth1
ip link set eth0 up # mutant: same: labs begin with interfaces up
ip link set eth1 up # mutant: same: as above
sysctl -w net.ipv4.ip_forward=1
