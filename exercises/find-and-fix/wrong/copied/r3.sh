#!/bin/sh
ip route replace 10.0.2.0/24 via 10.0.0.2
nft delete table ip handover
true
