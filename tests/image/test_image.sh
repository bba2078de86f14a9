#!/bin/sh
# The guest image for real: boots it as a guest (lab-init as process 1, the capabilities that the
# container driver gives, nothing more) and tries every tool that a student is promised.  Needs root
# and a built image.  Closes with 'N passed, N failed'.
#
#   tests/image/test_image.sh [--inside]     --inside: its second half, in a mount namespace of its own
# shellcheck disable=SC2016 # what is in single quotes is for the shell of the guest
set -u

here=$(cd "$(dirname "$0")/../.." && pwd)
image=$("$here/images/build.sh" --print) || exit 1
caps=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_admin,+net_raw,+sys_chroot

if [ "${1:-}" != --inside ]; then
    test "$(id -u)" = 0 || { echo "test_image: needs root" >&2; exit 1; }
    test -d "$image/root" || { echo "test_image: $image is missing; run images/build.sh" >&2; exit 1; }
    exec unshare --mount --propagation private --net --uts "$0" --inside
fi

passed=0 failed=0
result() { # STATUS NAME [DETAIL]
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok      $2"
    else
        failed=$((failed + 1))
        echo "FAILED  $2"
        test -z "${3:-}" || printf '%s\n' "$3" | head -n 12 | sed 's/^/        /'
    fi
}

# ---- a guest on a private layer, all of it gone with this mount namespace ----------------------------
hostname h1
mount -t tmpfs -o mode=755 guest /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$image/root,upperdir=/mnt/upper,workdir=/mnt/work" guest /mnt/root || exit 1
mount -t tmpfs -o mode=755 dev /mnt/root/dev
for d in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    mknod -m 666 "/mnt/root/dev/${d%%:*}" c "$(echo "$d" | cut -d: -f2)" "${d##*:}"
done
mkdir /mnt/root/dev/pts
mount -t devpts -o newinstance,ptmxmode=666 devpts /mnt/root/dev/pts
ln -s pts/ptmx /mnt/root/dev/ptmx
cat > /mnt/root/run/lab/startup <<'END'
echo ospfd=yes >> /etc/frr/daemons
printf 'router ospf\n network 10.9.0.0/24 area 0\n' > /etc/frr/frr.conf
chown 0:0 /etc/frr/*
/usr/lib/lab/frr-start
END
mkfifo /mnt/report
unshare --pid --fork sh -c 'mount -t proc proc /mnt/root/proc &&
    exec setpriv --bounding-set="$0" --inh-caps=-all chroot /mnt/root /sbin/lab-init' "$caps" 3> /mnt/report &
outer=$!
report=$(timeout 20 cat /mnt/report)
one=$(cat "/proc/$outer/task/$outer/children")
one=${one% }
test -n "$one" || { echo "test_image: the guest did not boot: $report" >&2; exit 1; }
guest() {
    nsenter --target "$one" --pid --root --wd env -i HOME=/root TERM=xterm-256color \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        setpriv --bounding-set="$caps" --inh-caps=-all "$@" 2>&1
}

# Runs a command in the guest; its output has to match the extended regular expression.
check() { # NAME REGEX COMMAND...
    name=$1 regex=$2
    shift 2
    out=$(guest timeout 20 "$@")
    printf '%s\n' "$out" | grep -Eq -- "$regex"
    result $? "$name" "$out"
}
# The same for a line of shell.
check_sh() { check "$1" "$2" bash -c "$3"; }
# Something that can be said without the guest.
expect() { # NAME WANTED GOT
    test "$2" = "$3"
    result $? "$1" "wanted: $2
got: $3"
}
at_most() { # NAME LIMIT FIGURE
    test "$3" -le "$2"
    result $? "$1" "$3 is more than $2"
}

# ---- boot ---------------------------------------------------------------------------------------------
expect 'the guest boots, FRR starts, nothing is printed' ok "$report"
at_most 'process 1 is small (KiB resident)' 150 "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$one/status")"
check_sh 'no SYS_ADMIN in here' '^refused$' 'mount -t tmpfs none /mnt 2>/dev/null && echo mounted || echo refused'

# ---- every tool starts ----------------------------------------------------------------------------------
for daemon in zebra ospfd ospf6d bgpd ripd isisd staticd bfdd; do
    check "$daemon" 'version 8\.' "/usr/lib/frr/$daemon" --version
done
while read -r name regex command; do
    check_sh "$name" "$regex" "$command"
done <<'END'
vtysh FRRouting.8\. vtysh -c 'show version'
ip iproute2 ip -V
bridge bridge.utility bridge -V
tc tc.utility tc -V
ss ss.utility ss -V
nft nftables nft --version
iptables nf_tables iptables --version
ip6tables nf_tables ip6tables --version
ping iputils ping -V
arping ^ARPing arping --help
traceroute ^Modern.traceroute traceroute --version
mtr ^mtr mtr --version
tcpdump ^tcpdump.version tcpdump --version
nmap ^Nmap.version nmap --version
iperf3 ^iperf.3 iperf3 --version
dig ^DiG.9 dig -v
host ^host.9 host -V
named ^BIND.9 named -V
dnsmasq ^Dnsmasq.version dnsmasq --version
dhclient ^isc-dhclient dhclient --version
nginx ^nginx.version nginx -v
curl ^curl.7 curl --version
ssh ^OpenSSH ssh -V
nc ^OpenBSD.netcat nc -h
ethtool ^ethtool.version ethtool --version
brctl ^bridge-utils brctl --version
conntrack ^conntrack.v conntrack --version
wg ^wireguard-tools wg --version
wireguard-go ^wireguard-go wireguard-go --version
ipsec strongSwan.U5 ipsec --version
vi ^VIM vi --version
nano GNU.nano nano --version
less ^less less --version
ps ^ps.from.procps ps --version
killall ^killall killall --version
lsof ^lsof.version lsof -v
END

# ---- man pages --------------------------------------------------------------------------------------------
for page in ip ip-route ip-link bridge tc ss nft iptables ping arping traceroute mtr tcpdump nmap iperf3 dig host \
    named dnsmasq dhclient nginx curl ssh nc ethtool brctl conntrack wg vtysh frr-zebra frr-ospfd frr-bgpd bash less nano; do
    check "man $page" "^/usr/share/man/man[0-9]/.*" man -w "$page"
done
check_sh 'completion is loaded when it is wanted' '^complete -F first_completion -D 124 complete -F _completion_loader -D$' \
	"bash -lic 'complete -p -D; first_completion ip; echo \$?; complete -p -D' 2>/dev/null | paste -sd' '"
check_sh 'man prints' 'show / manipulate routing' 'man ip | cat'
check_sh 'apropos' '^vlan|tc-vlan' 'apropos vlan'

# ---- FRR --------------------------------------------------------------------------------------------------
check_sh 'frr: the daemons run' '^ zebra ospfd staticd' "vtysh -c 'show daemons'"
check_sh 'frr: the configuration is loaded' 'network 10.9.0.0/24 area 0' "vtysh -c 'show running-config'"
check_sh 'frr: a route reaches the kernel' '^blackhole 192.0.2.0/24' \
    "vtysh -c 'conf t' -c 'ip route 192.0.2.0/24 blackhole'; sleep 0.3; ip route"
check_sh 'frr: write memory' '^ip route 192.0.2.0/24' "vtysh -c 'write memory' >/dev/null; cat /etc/frr/frr.conf"
check_sh 'frr: service restart' '^blackhole 192.0.2.0/24' 'service frr restart; sleep 0.3; ip route'
check_sh 'frr: systemctl restart' 'zebra: running' 'systemctl restart frr && systemctl status frr'
check_sh 'frr: started twice is one' '^1 0$' '/usr/lib/lab/frr-start; r=$?; echo $(pgrep -c zebra) $r'
check_sh 'frr: a wrong line is told' 'Unknown command.*nonsense.*status 1$' \
    'echo nonsense >>/etc/frr/frr.conf; echo $(service frr restart 2>&1; echo status $?)'
check_sh 'frr: stop leaves nothing' '^0$' 'service frr stop; pgrep -c "zebra|ospfd|staticd"'
check_sh 'frr: a daemon that cannot start is told' 'ospfd does not start.*status 1$' \
    'echo "ospfd_options=--nonsense" >>/etc/frr/daemons; echo $(service frr start 2>&1; echo status $?)'
check_sh 'systemctl: an unknown service' 'no service apache2; there are:.*frr.*status 5$' \
    'echo $(systemctl start apache2 2>&1; echo status $?)'

check_sh 'the folders of the driver exist' '^/run/lab$' 'ls -d /run/lab'

# ---- services -------------------------------------------------------------------------------------------
check_sh 'ping' ' 0% packet loss' 'ping -c 1 127.0.0.1'
check_sh 'nginx serves' '200 OK' 'service nginx start >/dev/null; curl -sI http://127.0.0.1/'
check_sh 'nmap names the service' '80/tcp +open +http +nginx' 'nmap -sV -p 80 127.0.0.1'
check_sh 'named answers' 'BIND|9\.' 'service named start >/dev/null; sleep 1; dig +short @127.0.0.1 version.bind ch txt'
check_sh 'dnsmasq starts' '[0-9] dnsmasq' 'dnsmasq --port=5353 --dhcp-range=10.0.0.10,10.0.0.20 && pgrep -l dnsmasq'
check_sh 'strongSwan starts' 'loaded plugins.*openssl' 'ipsec start >/dev/null 2>&1; sleep 1; swanctl --stats'
check_sh 'swanctl does not complain' '^0$' 'swanctl --stats 2>&1 >/dev/null | wc -l'
check_sh 'nft keeps a rule set' 'hook input' \
    'nft add table inet t && nft "add chain inet t c { type filter hook input priority 0; }" && nft list ruleset'
check_sh 'tcpdump captures' 'ICMP echo request' \
    '(sleep 0.5; ping -c 2 -i 0.3 127.0.0.1 >/dev/null) & timeout 5 tcpdump -nli lo -c 1 icmp'

# ---- comfort ----------------------------------------------------------------------------------------------
check_sh 'prompt' '^root@h1:~# $' 'cd; bash -lic "echo \"\${PS1@P}\"" 2>/dev/null | tail -n 1'
check_sh 'aliases' "ls --color=auto" 'bash -lic alias 2>/dev/null'
check_sh 'history is kept at once' 'history -a' 'bash -lic "echo \$PROMPT_COMMAND" 2>/dev/null'
check_sh 'UTF-8' 'UTF-8' 'bash -lic "locale charmap" 2>/dev/null'
check_sh 'terminals are known' '256' 'tput -T xterm-256color colors'
check_sh 'nothing is resolved by a server of the host' '^0$' 'grep -c . /etc/resolv.conf'

# ---- the tree itself ----------------------------------------------------------------------------------------
expect 'no setuid or setgid file' '' "$(find "$image/root" -xdev -type f -perm /6000)"
check_sh 'no file capabilities' '^0$' 'getcap -r /usr | wc -l'
expect 'no package manager, no Perl, no systemd, no Python' '' \
    "$(grep -E '^(apt|perl|perl-base|systemd|python3[^ ]*|debconf) ' "$image/packages.txt")"
expect 'FRR owns its folder' frr:frr "$(guest stat -c %U:%G /etc/frr | tr -d '\r')"
at_most 'size of the tree (MiB)' 170 "$(($(sed -n 's/^tree //p' "$image/size.txt") >> 20))"
at_most 'size of the squashfs (MiB)' 55 "$(($(sed -n 's/^squashfs //p' "$image/size.txt") >> 20))"
expect 'the squashfs holds the same files' "$(cd "$image/root" && find . | wc -l)" \
    "$(unsquashfs -l "$image/root.squashfs" | grep -c '^squashfs-root')"
expect 'nothing of the build machine is left' '' "$(cat "$image/root/etc/resolv.conf"; grep -v guest "$image/root/etc/hostname")"
before=$(stat -c '%i %Z' "$image")
"$here/images/build.sh" > /dev/null 2>&1
expect 'a second build does nothing' "0 $before" "$? $(stat -c '%i %Z' "$image")"
expect 'images/base points here' "$(basename "$image")" "$(readlink "$(dirname "$image")/base")"

expect 'a container cannot switch itself off, and says so' \
    'reboot: this node is a container and has no switch; stop or restart it from outside, on its page or with labctl' \
    "$(guest reboot 2>&1 | tr -d '\r')"

# ---- the end ----------------------------------------------------------------------------------------------
kill -TERM "$one"
wait "$outer"
expect 'SIGTERM ends the guest with status 0' 0 $?

echo "$passed passed, $failed failed"
test "$failed" -eq 0
