#!/bin/sh
set -e
# /16: both LANs look like the own one
ip address add ${lan1.10}/16 dev eth0
ip link set eth0 up
ip route add default via ${lan1.1}
