#!/bin/sh
set -e
ping -c 1 -W 2 10.9.0.2 || true
sleep 3
mac=$(ip neigh show 10.9.0.2 dev eth1 | sed -n 's/.*lladdr \([^ ]*\).*/\1/p')
ip neigh replace 10.9.0.2 lladdr "$mac" dev eth1 nud permanent
