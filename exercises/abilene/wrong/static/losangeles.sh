#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${seattle} 10.0.7.2
ip route ${newyork} 10.0.9.1
ip route ${atlanta} 10.0.9.1
end
END
