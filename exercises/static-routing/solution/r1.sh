#!/bin/sh
set -e
ip address add ${lan1.1/} dev eth0
ip address add ${lan2.1/} dev eth1
ip link set eth0 up # mutant: same: labs begin with interfaces up
ip link set eth1 up # mutant: same: as above
sysctl -w net.ipv4.ip_forward=1
