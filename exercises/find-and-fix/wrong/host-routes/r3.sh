#!/bin/sh
set -e
ip route add ${warehouse.10} via ${backbone.2}
nft delete table ip ${leftover}
