#!/bin/sh
set -e
ip route add ${lan1} via 10.0.24.1
