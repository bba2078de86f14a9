#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${lan1} ${link12.1}
ip route ${lan4} ${link23.2}
ip route ${lan1} ${link23.2} 200
ip route ${lan4} ${link12.1} 200
end
END
