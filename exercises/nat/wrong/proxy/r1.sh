#!/bin/sh
set -e
nft -f - <<'END'
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname "eth1" masquerade
    }
}
table ip filter {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "eth0" accept
        iifname "eth1" ct status dnat accept
    }
}
END
sysctl -q -w net.ipv4.ip_forward=1
cat > /etc/nginx/nginx.conf <<'END'
user root;
events { worker_connections 64; }
http {
    access_log off;
    server { listen ${port}; location / { proxy_pass http://${inside.80}; } }
}
END
nginx
