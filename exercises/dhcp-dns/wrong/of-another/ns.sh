#!/bin/sh
set -e
cat >/etc/dnsmasq.conf <<'END'
no-resolv
no-hosts
local=/quick-otter.example/
domain=quick-otter.example
dhcp-range=10.200.7.100,10.200.7.199,1h
dhcp-option=option:router,10.200.7.1
dhcp-host=tall-crane,10.200.7.50
host-record=ns.quick-otter.example,10.200.7.53
host-record=r1.quick-otter.example,10.200.7.1
host-record=web.quick-otter.example,10.201.7.80
cname=www.quick-otter.example,web.quick-otter.example
END
dnsmasq
