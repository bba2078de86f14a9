#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${lan2} ${link12.2}
ip route ${lan4} ${link13.2}
ip route ${lan2} ${link13.2} 200
ip route ${lan4} ${link12.2} 200
end
END
