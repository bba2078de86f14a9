#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${seattle} 10.0.5.1
ip route ${newyork} ${denver_sunnyvale.1}
ip route ${atlanta} 10.0.7.1
end
END
