ip -6 route add default via ${servers.1}
