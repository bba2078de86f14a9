# Reading and checking, planning and importing networks of 10 to 100,000 nodes: processor time, peak of memory, and
# how either grows: the exponent of a power law between 1,000 and 100,000 nodes, 1 being linear.  bench_topology
# measures inside its process, so that what a process costs by itself makes no growth look smaller than it is.
# shellcheck shell=sh disable=SC2154 # variables of run.sh

TOPOLOGY_SIZES='10 100 1000 10000 100000'
ZOO=${ZOO:-tests/golden/topology/zoo} # a folder of GraphML files

bench_topology() {
    program=$build/tests/bench/bench_topology
    make -s --no-print-directory BUILD="$build" "$program" >&2 || return 1
    for n in $TOPOLOGY_SIZES; do
        campus "$n" >"$work/$n.xml"
        backbone "$n" >"$work/$n.graphml"
    done
    head_row -
    topology_growth validate xml '< 1000' || return 1
    topology_growth plan xml '< 1000' || return 1
    topology_growth import graphml '< 1000' || return 1
    topology_labctl
}

# what, suffix of its files, aim of 10,000 nodes in ms
topology_growth() {
    for n in $TOPOLOGY_SIZES; do
        say "topology: $1 $n nodes"
        for _ in $(seq "$rounds"); do
            "$program" "$1" "$work/$n.$2" || return 1
        done >"$work/figures" || return 1
        ms=$(cut -d' ' -f1 "$work/figures" | median)
        kib=$(cut -d' ' -f2 "$work/figures" | median)
        [ "$n" -ne 1000 ] || { ms0=$ms kib0=$kib; }
        row "$1 $n nodes" ms "$ms" - "$([ "$n" -ne 10000 ] || echo "$3")"
        row "    peak of memory" KiB "$kib" - ''
    done
    row "    growth of time" power "$(power "$ms0" "$ms")" - 'about 1'
    row "    growth of memory" power "$(power "$kib0" "$kib")" - 'about 1'
}

# The exponent of a growth from $1 to $2 when the size grew a hundredfold.
power() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", log(b / a) / log(100) }'; }

# The whole program, as a user waits for it.
topology_labctl() {
    start=$(now_ms)
    "$build/labctl" validate "$work/10000.xml" >/dev/null || return 1
    row "labctl validate of 10000 nodes" s "$(seconds "$start" "$(now_ms)")" - '< 1'
    set -- "$ZOO"/*.graphml
    start=$(now_ms)
    for graph in "$@"; do
        "$build/labctl" import graphml "$graph" -o "$work/zoo.xml" 2>/dev/null || { say "bench: $graph cannot be imported"; return 1; }
    done
    row "labctl import of $# graphs of the Topology Zoo" s "$(seconds "$start" "$(now_ms)")" - seconds
}

# $1 nodes: networks of 49 hosts around a switch, each behind a router; the routers' switches stand in a row.
campus() {
    awk -v n="$1" 'BEGIN {
        printf "<topology name=\"campus-%d\" version=\"1\">\n", n
        for (i = 0; i < n; i++) {
            lan = int(i / 50); core = int(lan / 50); net = "10." int(lan / 250) "." lan % 250 "."
            if (i % 50 > 0) {
                printf "<host name=\"h%d\"><interface name=\"eth0\"><address>%s%d/24</address></interface>", i, net, i % 50
                printf "<route to=\"default\" via=\"%s254\"/></host>\n", net
                printf "<link name=\"l%d\" a=\"h%d:eth0\" b=\"s%d\"/>\n", i, i, lan
                continue
            }
            if (lan % 50 == 0)
                printf "<switch name=\"core%d\"/>\n", core
            if (lan % 50 == 0 && core > 0)
                printf "<link name=\"row%d\" a=\"core%d\" b=\"core%d\"/>\n", core, core - 1, core
            printf "<switch name=\"s%d\"/>\n", lan
            printf "<router name=\"r%d\"><interface name=\"eth0\"><address>%s254/24</address></interface>", lan, net
            printf "<interface name=\"eth1\"><address>172.16.%d.%d/12</address></interface>", lan / 250, lan % 250 + 1
            printf "<frr daemons=\"ospfd\"/></router>\n"
            printf "<link name=\"down%d\" a=\"r%d:eth0\" b=\"s%d\"/>\n", lan, lan, lan
            printf "<link name=\"up%d\" a=\"r%d:eth1\" b=\"core%d\"/>\n", lan, lan, core
        }
        print "</topology>"
    }'
}

# $1 routers in a ring with as many links across, as the Topology Zoo describes networks; few have a name of their own.
backbone() {
    awk -v n="$1" 'BEGIN {
        print "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">"
        print "<key attr.name=\"label\" for=\"node\" id=\"d1\"/>"
        print "<key attr.name=\"Latitude\" for=\"node\" id=\"d2\"/>"
        print "<key attr.name=\"Longitude\" for=\"node\" id=\"d3\"/>"
        print "<key attr.name=\"LinkSpeedRaw\" for=\"edge\" id=\"d4\"/>"
        print "<graph edgedefault=\"undirected\">"
        for (i = 0; i < n; i++) {
            printf "<node id=\"%d\"><data key=\"d1\">Town %d</data>", i, i % 1000
            printf "<data key=\"d2\">%.2f</data><data key=\"d3\">%.2f</data></node>\n", \
                   i * 7919 % 12000 / 100 - 60, i * 104729 % 34000 / 100 - 170
        }
        for (i = 0; i < n; i++) {
            printf "<edge source=\"%d\" target=\"%d\"><data key=\"d4\">10000000000.0</data></edge>\n", i, (i + 1) % n
            printf "<edge source=\"%d\" target=\"%d\"/>\n", i, (i * 13 + 5) % n
        }
        print "</graph>\n</graphml>"
    }'
}
