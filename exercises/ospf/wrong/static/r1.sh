#!/bin/sh
set -e
ip route add ${lan4} via 10.0.12.2
