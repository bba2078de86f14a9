# Memory (proportional set size) of idle nodes and of the daemons with 200 nodes.  Mininet's host is one shell
# that shares the machine's file system; ours has a root file system, an init and a user namespace.
# shellcheck shell=sh disable=SC2154 # variables of run.sh

# KiB per node over the given nodes of a lab.
pss_of_nodes() { # lab, node...
    lab_=$1
    shift
    for node in "$@"; do
        pids=$(pids_of_node "$lab_" "$node") || return 1
        [ -n "$pids" ] || return 1
        # shellcheck disable=SC2086 # a list
        pss $pids
    done | awk '{ n += $1 } END { if (NR == 0) exit 1; printf "%.0f", n / NR }'
}

# Opens the consoles of the given nodes and leaves them open until the lab goes.
open_consoles() { # lab, node...
    lab_=$1
    shift
    for node in "$@"; do
        sleep 60 | script -qfc "$build/labctl --socket $work/run/labd.sock console $lab_ $node" /dev/null >/dev/null 2>&1 &
    done
    sleep 3
}

bench_memory() {
    say "memory: 200 idle hosts"
    star 200 >"$work/star.xml"
    lab=$(labctl up --wait "$work/star.xml") || return 1
    sleep 2
    host=$(pss_of_nodes "$lab" h1 h50 h100 h150 h200) || return 1
    open_consoles "$lab" h1 h50 h100 h150 h200
    typing=$(pss_of_nodes "$lab" h1 h50 h100 h150 h200) || return 1
    site=$(pss "$site_pid")
    labhost=$(pss "$host_pid")
    labctl down "$lab" || return 1

    say "memory: 10 idle routers with ospfd"
    awk 'BEGIN {
        print "<topology name=\"routers\" version=\"1\"><network name=\"lan\"/>"
        for (i = 1; i <= 10; i++)
            printf "<router name=\"r%d\"><interface name=\"eth0\" network=\"lan\"><address>10.0.0.%d/24</address></interface>" \
                   "<frr daemons=\"ospfd\"/></router>\n", i, i
        print "</topology>"
    }' >"$work/routers.xml"
    lab=$(labctl up --wait "$work/routers.xml") || return 1
    sleep 2
    router=$(pss_of_nodes "$lab" r1 r4 r7 r10) || return 1
    labctl down "$lab" || return 1
    peer=$(timeout 300 "$python" tests/bench/mininet_star.py 200 | cut -d' ' -f3) || return 1

    head_row mininet
    row "an idle host, of 200" KiB "$host" "$peer" '< 3072'
    row "a host with its console open (bash)" KiB "$typing" "$peer" '< 3072'
    row "an idle router: zebra, staticd, ospfd; of 10" KiB "$router" - -
    row "labd with 200 nodes" KiB "$site" - '< 25600'
    row "labhost with 200 nodes" KiB "$labhost" - '< 25600'
}
