set -e
dev=eth0
ip addr add ${lan1.1/} dev "${dev}"
ip addr add ${lan2.1/} dev eth1
sysctl -q net.ipv4.ip_forward=1
