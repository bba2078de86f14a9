#!/bin/sh
set -e
ip link add direct type vxlan id 7 local 10.9.0.1 remote 10.9.0.2 dstport 4789
ip address add 192.168.7.1/24 dev direct
ip link set direct up
ip route replace 10.2.0.0/24 via 192.168.7.2
