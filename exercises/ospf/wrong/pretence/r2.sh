#!/bin/sh
set -e
ip route add ${lan1} via 10.0.12.1
ip route add ${lan4} via 10.0.24.2
ip route add 198.18.0.0/15 via 10.0.12.1
