#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${seattle} 10.0.13.2
ip route ${newyork} 10.0.4.2
end
END
