#!/bin/sh
set -e
# /16: all of 10.0.x.x looks like the own LAN
ip address add 10.0.1.10/16 dev eth0
ip link set eth0 up
ip route add default via 10.0.1.1
