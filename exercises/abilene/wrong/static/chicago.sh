#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${seattle} 10.0.3.2
ip route ${newyork} 10.0.1.2
ip route ${atlanta} 10.0.3.2
end
END
