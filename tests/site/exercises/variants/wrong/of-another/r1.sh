ip addr add 192.0.2.1/24 dev eth0
ip addr add 198.51.100.1/24 dev eth1
sysctl -q net.ipv4.ip_forward=1
