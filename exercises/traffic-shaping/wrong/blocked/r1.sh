#!/bin/sh
set -e
nft 'add table inet shape'
nft 'add chain inet shape f { type filter hook forward priority filter; }'
nft 'add rule inet shape f udp dport ${port} drop'
