#!/bin/sh
set -e
ip route add ${lan1} via 10.0.12.1
ip route add ${lan4} via 10.0.24.2
