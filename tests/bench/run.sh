#!/bin/sh
# `make bench`: our figures beside those of others, on this machine, in this run.
#
# usage: run.sh [topology] [start] [memory] [console] [abilene]     (all five if none is named)
# environment: BUILD, ROUNDS (3), SIZES ("10 50 100 200"), ZOO (a folder of GraphML files), BENCH_PRIVATE_OVS=1
#
# The table goes to standard output, ready for the README; progress goes to standard error.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 2
build=${BUILD:-build}
case $build in /*) ;; *) build=$top/$build ;; esac
images=${IMAGES:-${LABD_CACHE:-/var/cache/labd}/images}
rounds=${ROUNDS:-3}
sizes=${SIZES:-10 50 100 200}
python=/usr/bin/python3 # Debian's: Mininet is its package
export top build images rounds sizes python

# shellcheck source=tests/bench/lib.sh
. tests/bench/lib.sh
for tool in labctl labd labhost; do
    [ -x "$build/$tool" ] || die "there is no $build/$tool; run make first"
done
work=$(mktemp -d)
trap stack_stop EXIT
trap 'exit 130' INT TERM

for part in topology start memory console abilene; do
    # shellcheck source=/dev/null
    . "tests/bench/$part.sh"
done

[ $# -gt 0 ] || set -- topology start memory console abilene
[ "$*" = topology ] || stack_start # that part needs no daemon
{
    echo "$(date -u +%F), $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release), Linux $(uname -r | cut -d- -f1)," \
        "$(nproc) cores of $(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -1)," \
        "$(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo)"
    [ "$*" = topology ] ||
        sed -n 's/^labhost \([^,]*\), datapath \([^,]*\), netem \(.*\)/Paralab \1, driver container, OVS datapath \2, netem \3/p' "$work/status"
    echo "ratio: ours / theirs; medians of $rounds rounds, alternated"
    for part in "$@"; do
        echo
        case $part in
        topology | start | memory | console | abilene) "bench_$part" || { say "bench: $part failed"; echo "$part: failed"; failed=1; } ;;
        *) die "there is no part '$part': topology, start, memory, console, abilene" ;;
        esac
    done
} || exit 1
exit "${failed:-0}"
