#!/bin/sh
set -e
ip address add ${lan1.10/} dev eth0
ip link set eth0 up
ip route add default via ${lan1.1}
