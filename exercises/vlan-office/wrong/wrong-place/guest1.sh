#!/bin/sh
set -e
ip address add ${guests.10/} dev eth0
ip link set eth0 up
ip route add default via ${guests.1}
