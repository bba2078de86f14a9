#!/bin/sh
set -e
ip route add ${inside} via ${outside.2}
