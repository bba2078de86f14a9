# Sourced by run.sh: a stack of our own, clocks, medians, rows of the table.  Everything that is started
# or made here is in $work or in the two daemons, and goes away in stack_stop.
# shellcheck shell=sh disable=SC2154 # variables of run.sh

say() { printf '%s\n' "$*" >&2; }
die() { say "bench: $*"; exit 1; }

now_ms() { date +%s%3N; }

# Seconds (three decimals) between two of those.
seconds() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", (b - a) / 1000 }'; }

# The median of the numbers on standard input.
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR == 0) exit 1; print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# what, unit, ours, peer ("-": there is none), wanted ratio or limit as text.  The ratio is ours / peer.
row() {
    awk -v what="$1" -v unit="$2" -v ours="$3" -v peer="$4" -v aim="$5" 'BEGIN {
        ratio = peer == "-" ? "-" : peer > 0 ? sprintf("%.2f", ours / peer) : "-"
        printf "%-44s %-6s %10s %10s %7s  %s\n", what, unit, ours, peer, ratio, aim
    }'
}

head_row() { printf '%-44s %-6s %10s %10s %7s  %s\n' what unit ours "$1" ratio aim; }

# ---- the stack ----
stack_start() {
    [ "$(id -u)" -eq 0 ] || die "run it as root: it makes network namespaces"
    getent passwd labd >/dev/null || die "there is no user labd; run make demo once, or useradd --system labd"
    mkdir -p "$work/run" "$work/site" "$work/host"
    chmod 711 "$work" "$work/run"
    chown labd "$work/run" "$work/site"
    "$build/labhost" --state "$work/host" --run "$work/run" --images "$images" --driver container --user labd \
        ${BENCH_PRIVATE_OVS:+--private-ovs} 2>"$work/labhost.log" &
    host_pid=$!
    wait_for "$work/run/host.sock" $host_pid "$work/labhost.log"
    "$build/labd" --listen 127.0.0.1:0 --state "$work/site" --run "$work/run" --exercises "$top/exercises" \
        --web "$top/web/dist" --user labd --quota 1000 2>"$work/labd.log" &
    site_pid=$!
    wait_for "$work/run/labd.sock" $site_pid "$work/labd.log"
    i=0
    until address=$(sed -n 's/.*labd.listen address="\([^"]*\)".*/\1/p' "$work/labd.log") && [ -n "$address" ] &&
        labctl status --host >"$work/status" 2>"$work/err" && grep -q '^driver container: works' "$work/status"; do
        [ $((i += 1)) -lt 100 ] || { cat "$work/status" "$work/err" "$work/labhost.log" >&2; die "the container driver does not work here"; }
        sleep 0.1
    done
}

wait_for() { # socket, pid, log
    n=0
    until [ -S "$1" ]; do
        kill -0 "$2" 2>/dev/null || { cat "$3" >&2; die "a daemon did not start"; }
        [ $((n += 1)) -lt 200 ] || die "a daemon does not answer"
        sleep 0.1
    done
}

stack_stop() {
    if [ -n "${site_pid:-}" ]; then
        labctl down --all >/dev/null 2>&1
        kill "$site_pid" 2>/dev/null && wait "$site_pid" 2>/dev/null
    fi
    if [ -n "${host_pid:-}" ]; then
        kill "$host_pid" 2>/dev/null && wait "$host_pid" 2>/dev/null
    fi
    [ -z "${box_pid:-}" ] || { kill "$box_pid" 2>/dev/null && wait "$box_pid" 2>/dev/null; }
    rm -rf "$work"
}

labctl() { timeout 600 "$build/labctl" --socket "$work/run/labd.sock" "$@"; }

# A star: one switch and $1 hosts, as Mininet's "single" topology.
star() {
    awk -v n="$1" 'BEGIN {
        printf "<topology name=\"star-%d\" version=\"1\">\n  <switch name=\"s1\"/>\n", n
        for (i = 1; i <= n; i++)
            printf "  <host name=\"h%d\"><interface name=\"eth0\"><address>10.0.%d.%d/16</address></interface></host>\n" \
                   "  <link name=\"l%d\" a=\"h%d:eth0\" b=\"s1\"/>\n", i, i / 250, i % 250 + 1, i, i
        print "</topology>"
    }'
}

# KiB of proportional set size of the given processes together.
pss() {
    for pid in "$@"; do
        sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$pid/smaps_rollup" 2>/dev/null
    done | awk '{ n += $1 } END { print n + 0 }'
}

# The processes in a node: those of its process namespace.
pids_of_node() { # lab, node
    ns=$(labctl exec -n "$1" "$2" -- readlink /proc/self/ns/pid) || return 1
    for link in /proc/[0-9]*/ns/pid; do
        [ "$(readlink "$link" 2>/dev/null)" = "$ns" ] && basename "$(dirname "$(dirname "$link")")"
    done
    return 0
}
