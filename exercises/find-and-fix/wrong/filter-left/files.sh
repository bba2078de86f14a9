#!/bin/sh
set -e
ip route replace default via ${servers.1}
