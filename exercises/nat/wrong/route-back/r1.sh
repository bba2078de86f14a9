#!/bin/sh
set -e
sysctl -q -w net.ipv4.ip_forward=1
