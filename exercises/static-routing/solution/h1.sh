#!/bin/sh
set -e
# mutant: same prefix: with /25 the rest of the LAN is reached through r1, and the network works
ip address add ${lan1.10/} dev eth0
ip link set eth0 up # mutant: same: labs begin with interfaces up
ip route add default via ${lan1.1}
