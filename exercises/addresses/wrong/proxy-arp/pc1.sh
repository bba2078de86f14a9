#!/bin/sh
set -e
# the whole site looks like one LAN, and r1 plays along
ip address add 10.${campus}.${site}.1/24 dev eth0
ip link set eth0 up
