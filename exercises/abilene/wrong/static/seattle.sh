#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${newyork} ${denver_seattle.1}
ip route ${atlanta} ${denver_seattle.1}
end
END
