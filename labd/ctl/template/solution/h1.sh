#!/bin/sh
ip address add 10.0.0.1/24 dev eth0
ip link set eth0 up # mutant: same: labs begin with interfaces up
