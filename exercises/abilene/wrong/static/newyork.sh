#!/bin/sh
vtysh <<'END'
configure terminal
ip route 10.1.1.0/24 10.0.1.1
ip route 10.1.3.0/24 10.0.2.2
end
END
