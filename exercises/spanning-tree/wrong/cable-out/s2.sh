#!/bin/sh
set -e
for port in eth0 eth1 eth2; do
	ip link set "$port" master br0 up
done
ip link set br0 up
