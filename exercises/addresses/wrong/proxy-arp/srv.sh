#!/bin/sh
set -e
ip address add 10.${campus}.${site}.129/24 dev eth0
ip link set eth0 up
