#!/bin/sh
set -e
ip address add 10.0.1.10/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.1.1
