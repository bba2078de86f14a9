#!/bin/sh
set -e
ip address add 10.2.0.10/32 dev lo
ip address add 10.2.0.250/32 dev lo
