#!/bin/sh
set -e
# the half of the site that the office leaves over: lab and wifi
ip address add 10.${campus}.${site}.129/25 dev eth0
ip link set eth0 up
ip route add default via 10.${campus}.${site}.190
