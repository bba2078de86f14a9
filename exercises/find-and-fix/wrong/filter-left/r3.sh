#!/bin/sh
set -e
ip route replace ${warehouse} via ${backbone.2}
