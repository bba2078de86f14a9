#!/bin/sh
# shellcheck disable=SC2154 # the student's values are filled in
set -e
if [ $(((${root} + 1) % 3 + 1)) != 1 ]; then
	ip link set br0 type bridge stp_state 1
fi
if [ "${root}" = 1 ]; then
	ip link set br0 type bridge priority ${prio}
fi
for port in eth0 eth1 eth2; do
	ip link set "$port" master br0 up
done
ip link set br0 up
