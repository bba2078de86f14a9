#!/bin/sh
set -e
ip -6 address add ${office.10/} dev eth0
ip -6 route add default via ${office.1}
