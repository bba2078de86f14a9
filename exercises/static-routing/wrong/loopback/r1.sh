#!/bin/sh
set -e
ip address add ${lan1.1/} dev eth0
ip address add ${lan2.1/} dev eth1
ip link set eth0 up
ip link set eth1 up
# pretends to be h2 instead of forwarding; on the LANs it answers ARP for its own addresses only
ip address add ${lan2.10}/32 dev lo
sysctl -w net.ipv4.conf.all.arp_ignore=1
