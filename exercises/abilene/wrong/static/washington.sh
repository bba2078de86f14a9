#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${seattle} 10.0.4.1
ip route ${newyork} 10.0.2.1
ip route ${atlanta} 10.0.4.1
end
END
