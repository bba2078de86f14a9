#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${seattle} ${denver_seattle.2}
ip route ${newyork} ${denver_kansascity.2}
ip route ${atlanta} ${denver_kansascity.2}
end
END
