// An office behind a router that hides it by NAT, maps a port to its web server and filters.
const nginx = `user root;
worker_processes 1;
error_log /dev/null;
events { worker_connections 64; }
http { access_log off; server { listen 80; listen 443; location / { return 200 "Welcome."; } } }
`;
const rules = (filter, nat) => `table ip company {
    chain forward {
        type filter hook forward priority filter; policy accept;
        ${filter.join('\n        ')}
    }
    chain prerouting {
        type nat hook prerouting priority dstnat;
        iifname eth1 ip daddr 203.0.113.1 tcp dport 8080 ${nat}
    }
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname eth1 ip saddr 10.0.1.0/24 snat to 203.0.113.1
    }
}
`;
const filter = ['ct state established,related accept', 'ct status dnat accept', 'iifname eth0 accept',
  'ip daddr 10.0.1.10 tcp dport 443 accept', 'tcp dport 113 reject with tcp reset', 'drop'];
const dnat = 'dnat to 10.0.1.10:80';

export const topology = `<topology name="edge" version="1">
  <hub name="inside"/>
  <switch name="outside" rstp="yes"/>
  <host name="web">
    <interface name="eth0"><address>10.0.1.10/24</address></interface>
    <route to="default" via="10.0.1.1"/>
    <file path="/etc/nginx/nginx.conf">${nginx}</file>
    <startup>nginx</startup>
  </host>
  <router name="r1">
    <interface name="eth0"><address>10.0.1.1/24</address></interface>
    <interface name="eth1"><address>203.0.113.1/24</address></interface>
    <file path="/etc/nginx/nginx.conf">${nginx}</file>
    <file path="/etc/company.nft">${rules(filter, dnat)}</file>
    <startup>nft -f /etc/company.nft</startup>
  </router>
  <host name="peer">
    <interface name="eth0"><address>203.0.113.10/24</address></interface>
    <route to="10.0.1.0/24" via="203.0.113.1"/>
  </host>
  <link name="w" a="web:eth0" b="inside"/>
  <link name="ri" a="r1:eth0" b="inside"/>
  <link name="ro" a="r1:eth1" b="outside"/>
  <link name="p" a="peer:eth0" b="outside"/>
</topology>
`;

export const grading = `<grading deadline="4s" hold="2" interval="100ms">
  <reference name="office" at="inside" address="10.0.1.250/24" gateway="10.0.1.1"/>
  <reference name="stranger" at="outside" address="203.0.113.250/24" gateway="203.0.113.1"/>
  <check id="hidden" kind="nat" title="The office hides behind one address" points="20" from="office" to="stranger" as="203.0.113.1"/>
  <check id="mapped" kind="nat" title="Port 8080 leads to the web server" points="20" from="stranger" proto="tcp" to="203.0.113.1"
         port="8080" seen-at="web:eth0" becomes="10.0.1.10"/>
  <check id="matrix" kind="firewall" title="What passes and what does not" points="40">
    <flow from="stranger" to="10.0.1.10" seen-at="web:eth0" proto="tcp" port="443" expect="pass" state="established"/>
    <flow from="stranger" to="10.0.1.10" seen-at="web:eth0" proto="tcp" port="113" expect="reject"/>
    <flow from="stranger" to="10.0.1.10" seen-at="web:eth0" proto="tcp" port="other" expect="drop"/>
    <flow from="stranger" to="10.0.1.10" seen-at="web:eth0" proto="udp" port="other" expect="drop"/>
  </check>
</grading>`;

const company = (...args) => `nft flush ruleset\nnft -f - <<'END'\n${rules(...args)}END`;
const open = 'curl -sf -m 2 http://10.0.1.10:443/ | grep -q Welcome';
const mapped = 'curl -sf -m 2 http://203.0.113.1:8080/ | grep -q Welcome';

export const tricks = {
  'false-root': {
    agent: true,
    nodes: { r1: company(['accept'], dnat), peer: 'setsid agent bpdu eth0 >/dev/null 2>&1 &' },
    earns: { hidden: 20, mapped: 20, matrix: 10 },
    fools: ['peer', 'pgrep -x agent'],
  },
  'original-beside-translation': {
    nodes: { r1: `nft 'add table ip cheat; add chain ip cheat own { type filter hook prerouting priority raw; }'
nft add rule ip cheat own iifname eth0 ip daddr 203.0.113.0/24 dup to 203.0.113.250 device eth1` },
    earns: { mapped: 20, matrix: 40 },
    fools: ['web', 'ping -c 1 -W 1 203.0.113.10'],
  },
  'mapped-to-the-router': {
    nodes: { r1: `nginx\n${company(filter, 'redirect to :80')}` },
    earns: { hidden: 20, matrix: 40 },
    fools: ['peer', mapped],
  },
  'handshake-only': {
    nodes: { r1: company(['ct status dnat accept', 'tcp dport 443 tcp flags & (syn | psh) == psh drop', ...filter], dnat) },
    earns: { hidden: 20, mapped: 20 },
    fools: ['peer', 'nc -z -w 2 10.0.1.10 443'],
  },
  'every-port-open': {
    nodes: { r1: company(['accept'], dnat), web: "nft 'add table ip cheat; add chain ip cheat own { type nat hook prerouting priority dstnat; }'\nnft add rule ip cheat own tcp dport 1-65535 redirect to :80" },
    earns: { hidden: 20, mapped: 20, matrix: 10 },
    fools: ['peer', open],
  },
};
