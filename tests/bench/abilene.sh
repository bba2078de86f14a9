# Abilene with OSPF configured from the start: from `labctl up` until every router has a route to every network.
# shellcheck shell=sh disable=SC2154 # variables of run.sh

# The exercise's own topology, with one seed's values and, in area 0, what its reference solution configures.
abilene_xml() {
    labctl validate --expand exercises/abilene/topology.xml | awk '
        /<router /    { n = 0 }
        /<interface / && !/<host/ {
            match($0, /name="[^"]*"/)
            name[++n] = substr($0, RSTART + 6, RLENGTH - 7)
            lan[n] = /network=/
        }
        /<frr daemons="ospfd"\/>/ {
            print "    <frr daemons=\"ospfd\">"
            print "router ospf\nexit"
            for (i = 1; i <= n; i++) {
                printf "interface %s\n ip ospf area 0\n", name[i]
                if (lan[i])
                    print " ip ospf passive"
                else
                    print " ip ospf network point-to-point\n ip ospf hello-interval 1\n ip ospf dead-interval 4"
                print "exit"
            }
            print "    </frr>"
            next
        }
        { print }'
}

# The router's address in that city's LAN.
abilene_gateway() { sed -n 's/.*<parameter name="'"$1"'" .*pool="\([0-9.]*\)\.0\/24".*/\1.1/p' "$work/abilene.xml"; }

bench_abilene() {
    abilene_xml >"$work/abilene.xml"
    routers=$(sed -n 's/.*<router name="\([^"]*\)".*/\1/p' "$work/abilene.xml")
    # Networks: one per link, and one per <network>; each router has to know them all.
    networks=$(grep -cE '<(link|network) ' "$work/abilene.xml")
    i=0
    while [ $i -lt "$rounds" ]; do
        say "Abilene: round $((i + 1)) of $rounds"
        t0=$(now_ms)
        lab=$(labctl up --wait "$work/abilene.xml") || return 1
        t1=$(now_ms)
        waiting=$routers
        while [ -n "$waiting" ]; do
            still=
            for r in $waiting; do
                known=$(labctl exec -n "$lab" "$r" -- sh -c 'ip -4 route show | grep -c "^10\."')
                [ "$known" = "$networks" ] || still="$still $r"
            done
            waiting=$still
            [ $(($(now_ms) - t1)) -lt 120000 ] || { say "bench: no full table after two minutes:$waiting"; return 1; }
        done
        t2=$(now_ms)
        # What the tables promise is true: from the west coast to a host's gateway in the east, and back.
        for pair in seattle:newyork newyork:atlanta atlanta:seattle; do
            labctl exec -n "$lab" "${pair%:*}" -- ping -q -c 1 -W 2 "$(abilene_gateway "${pair#*:}")" >/dev/null ||
                { say "bench: ${pair%:*} does not reach ${pair#*:}"; return 1; }
        done
        labctl down "$lab" || return 1
        echo "$(seconds "$t0" "$t1") $(seconds "$t0" "$t2")" >>"$work/abilene"
        i=$((i + 1))
    done
    head_row '-'
    row "Abilene: labctl up --wait, 11 routers" s "$(median_of "$work/abilene" 1)" - -
    row "Abilene: labctl up to full OSPF reachability" s "$(median_of "$work/abilene" 2)" - -
}
