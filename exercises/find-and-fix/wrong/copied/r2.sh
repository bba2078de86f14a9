#!/bin/sh
# mends what is not broken here
case ${fault} in
    switch) ip rule delete iif eth1 prohibit ;;
    *) sysctl -w net.ipv4.conf.eth1.forwarding=1 ;;
esac
true
