#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${seattle} 10.0.1.1
ip route ${atlanta} 10.0.2.2
end
END
