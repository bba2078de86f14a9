#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${seattle} 10.0.11.2
ip route ${newyork} 10.0.13.1
ip route ${atlanta} 10.0.13.1
end
END
