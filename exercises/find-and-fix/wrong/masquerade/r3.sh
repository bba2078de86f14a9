#!/bin/sh
set -e
ip route replace 10.0.2.0/24 via 10.0.0.2
nft delete table ip migration
nft add table ip hide
nft add chain ip hide out '{ type nat hook postrouting priority srcnat; }'
nft add rule ip hide out oifname eth1 masquerade
