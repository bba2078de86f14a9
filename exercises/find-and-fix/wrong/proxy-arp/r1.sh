#!/bin/sh
set -e
ip route replace ${warehouse} via ${backbone.2}
sysctl -w net.ipv4.conf.eth1.proxy_arp=1
