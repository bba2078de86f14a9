#!/bin/sh
set -e
ip route add 10.0.2.10 via 10.0.0.2
nft delete table ip migration
