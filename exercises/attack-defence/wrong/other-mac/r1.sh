#!/bin/sh
# shellcheck disable=SC2154 # the student's values are filled in
set -e
ip neigh replace 10.9.0.2 lladdr 02:a0:c9:01:02:${m2} dev eth1 nud permanent
