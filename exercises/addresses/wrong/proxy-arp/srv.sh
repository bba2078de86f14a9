#!/bin/sh
set -e
ip address add 192.168.10.129/24 dev eth0
ip link set eth0 up
