#!/bin/sh
vtysh <<'END'
configure terminal
ip route 10.1.1.0/24 10.0.12.1
ip route 10.1.4.0/24 10.0.23.2
ip route 10.1.1.0/24 10.0.23.2 200
ip route 10.1.4.0/24 10.0.12.1 200
end
END
