#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${seattle} 10.0.12.2
ip route ${newyork} 10.0.3.1
ip route ${atlanta} 10.0.14.1
end
END
