#!/bin/sh
set -e
ip -6 route add default via ${servers.1}
