#!/bin/sh
ip address flush dev eth0
ip address add 10.0.1.10/24 dev eth0
ip route replace default via 10.0.1.1
