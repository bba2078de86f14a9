#!/bin/sh
set -e
cat >/etc/dnsmasq.conf <<'END'
no-resolv
no-hosts
local=/${company}.example/
domain=${company}.example
dhcp-range=${office.100},${office.199},1h
dhcp-option=option:router,${office.1}
dhcp-host=${printer},${office.50}
address=/${company}.example/${servers.80}
END
dnsmasq
