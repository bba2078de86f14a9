#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${lan1} ${link13.1}
ip route ${lan2} ${link23.1}
ip route ${lan4} ${link34.2}
end
END
