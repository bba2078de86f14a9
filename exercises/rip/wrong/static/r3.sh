#!/bin/sh
vtysh <<'END'
configure terminal
ip route 10.1.1.0/24 10.0.13.1
ip route 10.1.2.0/24 10.0.23.1
ip route 10.1.4.0/24 10.0.34.2
end
END
