#!/bin/sh
set -e
ip route replace ${warehouse} via ${backbone.2}
nft add table ip hide
nft add chain ip hide out '{ type nat hook postrouting priority srcnat; }'
nft add rule ip hide out oifname eth1 masquerade
