#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${seattle} ${denver_kansascity.1}
ip route ${newyork} 10.0.12.1
ip route ${atlanta} 10.0.11.1
end
END
