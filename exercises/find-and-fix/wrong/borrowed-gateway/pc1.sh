#!/bin/sh
set -e
ip address flush dev eth0
ip address add ${office.10/} dev eth0
ip route replace default via ${office.1}
