#!/bin/sh
set -e
ip address add ${office.50/} dev eth0
