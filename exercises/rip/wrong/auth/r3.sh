#!/bin/sh
vtysh <<'END'
configure terminal
router rip
 version 2
 timers basic 5 15 10
 network eth${p3}
 network eth${p3+1}
 network eth${p3+2}
exit
key chain office
 key 1
  key-string between-offices
 exit
exit
interface eth${p3+2}
 ip rip authentication mode md5
 ip rip authentication key-chain office
exit
end
END
