#!/bin/sh
ip route replace default via 10.0.3.1
true
