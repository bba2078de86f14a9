#!/bin/sh
set -e
grep -q 1 /proc/sys/net/ipv4/ip_forward || sysctl -w net.ipv4.ip_forward=1
