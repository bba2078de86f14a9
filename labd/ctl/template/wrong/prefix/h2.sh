#!/bin/sh
ip address add 10.0.0.2/25 dev eth0
ip link set eth0 up
