#!/bin/sh
set -e
cat >/etc/dnsmasq.conf <<'END'
no-resolv
no-hosts
local=/${company}.example/
domain=${company}.example
host-record=ns.${company}.example,${office.53}
host-record=r1.${company}.example,${office.1}
host-record=web.${company}.example,${servers.80}
cname=www.${company}.example,web.${company}.example
END
dnsmasq
