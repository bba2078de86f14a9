#!/bin/sh
vtysh <<'END'
configure terminal
ip route 10.1.1.0/24 10.0.34.1
ip route 10.1.2.0/24 10.0.34.1
end
END
