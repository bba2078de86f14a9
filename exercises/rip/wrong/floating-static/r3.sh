#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${lan1} ${link13.1}
ip route ${lan2} ${link23.1}
ip route ${lan4} ${link34.2}
ip route ${lan1} ${link23.1} 200
ip route ${lan2} ${link13.1} 200
end
END
