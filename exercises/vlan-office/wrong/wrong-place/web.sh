#!/bin/sh
set -e
nft -f - <<'END'
table inet office {
    chain input {
        type filter hook input priority filter; policy accept;
        ip saddr ${guests} tcp dport { 22, 23 } drop
    }
}
END
