#!/bin/sh
vtysh <<'END'
configure terminal
ip route 10.1.1.0/24 10.0.12.2
ip route 10.1.2.0/24 10.0.3.1
ip route 10.1.3.0/24 10.0.14.1
end
END
