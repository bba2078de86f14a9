#!/bin/sh
set -e
ip address add ${lan2.10/} dev eth0
ip link set eth0 up
# no default route
