#!/bin/sh
set -e
ip route replace ${warehouse} via ${backbone.2}
nft delete table ip ${leftover}
ip address add ${servers.254/} dev eth1
