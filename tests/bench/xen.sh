#!/bin/sh
# `make bench-xen`: our figures on Xen beside the stock way of doing the same, in one nested machine and one run.
# This file runs in its dom0; tests/bench/xen-host.sh starts the machine and calls it.
#
# usage: xen.sh [start] [suspend] [boot] [memory] [rewire] [many]     environment: ROUNDS (3), GUESTS (100)
# The table goes to standard output; progress to standard error.
set -u

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bench/lib.sh
. "$here/lib.sh"
rounds=${ROUNDS:-3}
images=/var/cache/labd/images
stock=/tmp/stock
labctl() { timeout 900 /usr/bin/labctl "$@"; }

# ---- the two daemons ----
daemons_start() {
    id labd >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin labd
    mkdir -p /run/labd /var/lib/labd/site /var/lib/labd/host
    chmod 711 /run/labd /var/lib/labd
    chown labd /var/lib/labd/site
    labhost --driver xen --user labd 2>/var/lib/labd/labhost.log &
    host_pid=$!
    wait_for /run/labd/host.sock $host_pid /var/lib/labd/labhost.log
    labd --listen 127.0.0.1:8081 --state /var/lib/labd/site --exercises /usr/share/labd/exercises --web /usr/share/labd/web \
        --user labd --quota 1000 2>/var/lib/labd/labd.log &
    site_pid=$!
    wait_for /run/labd/labd.sock $site_pid /var/lib/labd/labd.log
    i=0
    until labctl status --host >/dev/null 2>&1; do
        [ $((i += 1)) -lt 300 ] || die "labd does not answer"
        sleep 0.1
    done
}

daemons_stop() {
    labctl down --all >/dev/null 2>&1
    kill "$site_pid" "$host_pid" 2>/dev/null
    wait "$site_pid" "$host_pid" 2>/dev/null
}

# ---- the stock way: xl create in a row, Debian's vif-openvswitch and block scripts, the same kernel and disks ----
stock_make() { # number of guests
    mkdir -p $stock
    ovs-vsctl --may-exist add-br stockbr
    mkdir -p $stock/tree/lab
    for i in $(seq "$1"); do
        echo "s$i" >$stock/tree/lab/hostname
        printf 'eth0 02:51:00:00:00:%02x\n' "$i" >$stock/tree/lab/interfaces
        head -c 64 /dev/urandom >$stock/tree/lab/random
        { cat $images/kernel/initrd; (cd $stock/tree && find lab | cpio -o -H newc --quiet); } >"$stock/ramdisk$i"
        cp --sparse=always $images/kernel/layer.ext4 "$stock/layer$i"
        cat >"$stock/s$i.cfg" <<END
name = "s$i"
type = "pv"
kernel = "$images/kernel/vmlinuz"
ramdisk = "$stock/ramdisk$i"
extra = "console=hvc0 quiet loglevel=3 panic=-1"
memory = $memory
vcpus = 1
disk = [ "format=raw, vdev=xvda, access=ro, target=$(losetup -f --show -r $images/base/root.squashfs)",
         "format=raw, vdev=xvdb, access=rw, target=$(losetup -f --show "$stock/layer$i")" ]
vif = [ "mac=02:51:00:00:00:$(printf %02x "$i"), bridge=stockbr, script=vif-openvswitch" ]
END
    done
}

stock_drop() {
    losetup -a | grep -E "$stock/|root.squashfs" | cut -d: -f1 | while read -r d; do losetup -d "$d" 2>/dev/null; done
    ovs-vsctl --if-exists del-br stockbr
    rm -rf $stock
}

stock_up() { # until each has a shell, which the agent says in xenstore
    for i in $(seq "$1"); do
        xl create "$stock/s$i.cfg" >/dev/null || die "xl create s$i failed"
    done
    for i in $(seq "$1"); do
        domid=$(xl domid "s$i")
        until xenstore-exists "/local/domain/$domid/data/lab/boot"; do sleep 0.1; done
    done
}

stock_down() {
    for i in $(seq "$1"); do xl destroy "s$i" || die "xl destroy s$i failed"; done
    until [ "$(xl list | wc -l)" -le 2 ]; do sleep 0.1; done
}

hosts() { # number: a network of so many hosts
    printf '<topology name="hosts" version="1">\n<network name="lan"/>\n'
    for i in $(seq "$1"); do
        printf '<host name="h%d" memory="%d"><interface name="eth0" network="lan"><address>10.0.%d.%d/16</address></interface></host>\n' \
            "$i" "$memory" $((i / 250)) $((i % 250 + 1))
    done
    echo '</topology>'
}

each_round() { # what, function of ours, function of theirs: sets $ours, $theirs (medians, seconds)
    say "$1"
    : >/tmp/ours
    : >/tmp/theirs
    for _ in $(seq "$rounds"); do
        $2
        $3
    done
    ours=$(median </tmp/ours)
    theirs=$(median </tmp/theirs)
}

timed() { # file, command...
    file=$1
    shift
    a=$(now_ms)
    "$@" >/tmp/out 2>&1 || { cat /tmp/out >&2; die "'$*' failed"; }
    seconds "$a" "$(now_ms)" >>"$file"
}

down_all() {
    labctl down --all >/dev/null
    until [ "$(xl list | wc -l)" -le 2 ]; do sleep 0.05; done
}

# ---- parts ----
ours_up_down() {
    timed /tmp/ours labctl up --wait /tmp/hosts.xml
    timed /tmp/ours.down down_all
}

stock_up_down() {
    timed /tmp/theirs stock_up 8
    timed /tmp/theirs.down stock_down 8
}

bench_start() {
    hosts 8 >/tmp/hosts.xml
    stock_make 8
    : >/tmp/ours.down
    : >/tmp/theirs.down
    each_round "starting and stopping 8 nodes" ours_up_down stock_up_down
    head_row "xl in a row"
    row "8 nodes: up, to a usable shell on all" s "$ours" "$theirs" "<= 0.33"
    row "8 nodes: down" s "$(median </tmp/ours.down)" "$(median </tmp/theirs.down)" "<= 0.33"
    stock_drop
}

stock_suspend() {
    a=$(now_ms)
    for i in 1 2 3 4; do xl save "s$i" "$stock/s$i.save" >/dev/null 2>&1 || die "xl save s$i failed"; done
    seconds "$a" "$(now_ms)" >>/tmp/theirs
    a=$(now_ms)
    for i in 1 2 3 4; do xl restore "$stock/s$i.save" >/dev/null 2>&1 || die "xl restore s$i failed"; done
    seconds "$a" "$(now_ms)" >>/tmp/theirs.resume
}

ours_suspend() {
    timed /tmp/ours labctl suspend --wait "$lab"
    timed /tmp/ours.resume labctl resume --wait "$lab"
}

bench_suspend() {
    hosts 4 >/tmp/hosts.xml
    stock_make 4
    lab=$(labctl up --wait /tmp/hosts.xml) || return 1
    stock_up 4
    : >/tmp/ours.resume
    : >/tmp/theirs.resume
    each_round "suspending and resuming 4 nodes" ours_suspend stock_suspend
    head_row "xl in a row"
    row "4 nodes: suspend" s "$ours" "$theirs" "-"
    row "4 nodes: resume" s "$(median </tmp/ours.resume)" "$(median </tmp/theirs.resume)" "-"
    stock_down 4
    stock_drop
    down_all
}

# From unpause to the prompt, as dom0 sees it; one guest at a time, nothing else running.
boot_once() { # kernel folder
    images_kernel=$1
    sed -e "s#^kernel = .*#kernel = \"$images_kernel/vmlinuz\"#" -e "s#^memory = .*#memory = $(cat "$images_kernel/memory_min")#" \
        $stock/s1.cfg >$stock/boot.cfg
    { cat "$images_kernel/initrd"; (cd $stock/tree && find lab | cpio -o -H newc --quiet); } >$stock/ramdisk1
    xl create -p $stock/boot.cfg >/dev/null || return 1
    domid=$(xl domid s1)
    a=$(now_ms)
    xl unpause s1
    until xenstore-exists "/local/domain/$domid/data/lab/boot"; do sleep 0.02; done
    seconds "$a" "$(now_ms)"
    xl destroy s1
    until [ "$(xl list | wc -l)" -le 2 ]; do sleep 0.1; done
}

bench_boot() {
    stock_make 1
    for _ in $(seq "$rounds"); do
        boot_once $images/kernel >>/tmp/boot.small
        boot_once /run/cloud >>/tmp/boot.cloud
    done
    head_row "Debian's"
    row "boot of a guest, unpause to prompt" s "$(median </tmp/boot.small)" "$(median </tmp/boot.cloud)" "-"
    rm -f /tmp/boot.*
    stock_drop
}

bench_memory() {
    free=$(xl info free_memory)
    router='<topology name="router" version="1"><router name="r1"><interface name="eth0"><address>10.0.0.1/24</address></interface><frr daemons="ospfd"/></router></topology>'
    printf '%s' "$router" >/tmp/router.xml
    lab=$(labctl up --wait /tmp/router.xml) || return 1
    used=$(labctl exec "$lab" r1 -- awk '/MemTotal/ {t = $2} /MemAvailable/ {a = $2} END {printf "%.1f", (t - a) / 1024}' /proc/meminfo)
    given=$(xl list | awk '/-r1/ {print $3}')
    down_all
    hosts 1 >/tmp/hosts.xml
    lab=$(labctl up --wait /tmp/hosts.xml) || return 1
    husertotal=$(labctl exec "$lab" h1 -- awk '/MemTotal/ {t = $2} /MemAvailable/ {a = $2} END {printf "%.1f", (t - a) / 1024}' /proc/meminfo)
    hgiven=$(xl list | awk '/-h1/ {print $3}')
    before=$(xl info free_memory)
    down_all
    after=$(xl info free_memory)
    head_row "-"
    row "memory given to a host" MiB "$hgiven" - "<= 48"
    row "  of which its processes and kernel use" MiB "$husertotal" - "-"
    row "  and Xen takes beside it" MiB "$((after - before - hgiven))" - "-"
    row "hosts that fit in 4 GiB" "" "$((4096 / (after - before)))" - "-"
    row "memory given to a router (zebra, staticd, ospfd)" MiB "$given" - "-"
    row "  of which its processes and kernel use" MiB "$used" - "-"
    row "routers that fit in 4 GiB" "" "$((4096 / (given + after - before - hgiven)))" - "-"
    say "free at the beginning: $free MiB"
}

# Moves the end of a running link to another bridge and back, in one transaction, under a ping every 10 ms.
bench_rewire() {
    hosts 2 | sed 's#<network name="lan"/>#<switch name="a"/>#; s# network="lan"##g' |
        sed 's#</topology>#<link name="l1" a="h1:eth0" b="a"/><link name="l2" a="h2:eth0" b="a"/></topology>#' >/tmp/wire.xml
    lab=$(labctl up --wait /tmp/wire.xml) || return 1
    br=$(ovs-vsctl port-to-br "pl$lab.0")
    ovs-vsctl add-br plbench -- set Bridge plbench other_config:hwaddr=02:52:00:00:00:01
    ovs-vsctl add-port "$br" patch0 -- set Interface patch0 type=patch options:peer=patch1 \
        -- add-port plbench patch1 -- set Interface patch1 type=patch options:peer=patch0
    : >/tmp/lost
    for _ in $(seq "$rounds"); do
        labctl exec "$lab" h1 -- ping -q -c 400 -i 0.01 10.0.0.3 >/tmp/ping &
        ping_pid=$!
        sleep 1.5
        ovs-vsctl del-port "pl$lab.1" -- add-port plbench "pl$lab.1"
        sleep 1
        ovs-vsctl del-port "pl$lab.1" -- add-port "$br" "pl$lab.1"
        wait $ping_pid
        sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' /tmp/ping | awk '{ print ($1 - $2) / 2 }' >>/tmp/lost
    done
    head_row "published"
    row "moving a running link's end, at 10 ms a packet" lost "$(median </tmp/lost)" 140 "<< 140 (1.4 s)"
    ovs-vsctl del-br plbench -- del-port patch0
    down_all
}

bench_many() {
    guests=${GUESTS:-100}
    hosts "$guests" >/tmp/hosts.xml
    a=$(now_ms)
    lab=$(labctl up --wait /tmp/hosts.xml) || return 1
    up=$(seconds "$a" "$(now_ms)")
    answered=$(labctl exec "$lab" h1 -- sh -c "n=0; for i in \$(seq 2 $((guests + 1))); do
        ping -q -c 2 -W 5 10.0.\$((i / 250)).\$((i % 250)) >/dev/null && n=\$((n + 1)); done; echo \$n")
    head_row "-"
    row "$guests hosts: up, to a usable shell on all" s "$up" - "-"
    row "  of them answer a ping" "" "$answered" - "$guests"
    row "  memory free afterwards" MiB "$(xl info free_memory)" - "-"
    a=$(now_ms)
    down_all
    row "$guests hosts: down" s "$(seconds "$a" "$(now_ms)")" - "-"
}

[ $# -gt 0 ] || set -- start suspend boot memory rewire
memory=$(cat $images/kernel/memory_min)
[ "$memory" -ge 48 ] || memory=48
daemons_start
trap daemons_stop EXIT
echo "Xen $(xl info xen_version), dom0 Linux $(uname -r | cut -d- -f1), $(nproc) cores under QEMU's emulation; kernel $(readlink $images/kernel | cut -d- -f2)"
echo "ratio: ours / theirs; medians of $rounds rounds, alternated"
for part in "$@"; do
    echo
    case $part in
    start | suspend | boot | memory | rewire | many) "bench_$part" || { echo "$part: failed"; failed=1; } ;;
    *) die "there is no part '$part'" ;;
    esac
done
exit "${failed:-0}"
