#!/bin/sh
vtysh <<'END'
configure terminal
ip route ${lan1} ${link34.1}
ip route ${lan2} ${link34.1}
end
END
