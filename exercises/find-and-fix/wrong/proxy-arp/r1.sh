#!/bin/sh
set -e
ip route replace 10.0.2.0/24 via 10.0.0.2
sysctl -w net.ipv4.conf.eth1.proxy_arp=1
