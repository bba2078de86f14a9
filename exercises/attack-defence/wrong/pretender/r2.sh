#!/bin/sh
set -e
ip address add 10.1.0.10/32 dev lo
ip address add 10.1.0.250/32 dev lo
