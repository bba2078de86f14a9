#!/bin/sh
set -e
# an address of the block behind the lab's
ip address add 10.${campus}.${site}.193/26 dev eth0
ip link set eth0 up
ip route add default via 10.${campus}.${site}.254
