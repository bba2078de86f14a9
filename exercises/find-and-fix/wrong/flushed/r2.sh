#!/bin/sh
set -e
case ${fault} in
    switch) sysctl -w net.ipv4.conf.eth1.forwarding=1 ;;
    filter) nft delete table ip ${leftover} ;;
    rule) ip rule delete iif eth1 prohibit ;;
esac
