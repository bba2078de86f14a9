#!/bin/sh
set -e
ip address add ${office.100/} dev eth0
ip route add default via ${office.1}
cat >>/etc/hosts <<'END'
${office.53} ns.${company}.example
${office.1} r1.${company}.example
${servers.80} web.${company}.example www.${company}.example
${office.50} ${printer}.${company}.example
END
