#!/bin/sh
set -e
ip -6 address add ${office.1/} dev eth0
ip -6 address add ${servers.1/} dev eth1
ip -6 address add ${office.1705739/} dev eth0
ip -6 address add ${servers.7}/128 dev lo
sysctl -q -w net.ipv6.conf.all.forwarding=1
