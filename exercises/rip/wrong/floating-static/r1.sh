#!/bin/sh
vtysh <<'END'
configure terminal
ip route 10.1.2.0/24 10.0.12.2
ip route 10.1.4.0/24 10.0.13.2
ip route 10.1.2.0/24 10.0.13.2 200
ip route 10.1.4.0/24 10.0.12.2 200
end
END
