# Reading and checking topologies of 10 to 10,000 hosts: processor time, memory, and how either grows.  The exponent is that
# of a power law between the last two sizes: 1 is linear.  What 10 hosts take is
# the process itself.
# shellcheck shell=sh disable=SC2154 # variables of run.sh

bench_topology() {
    say "topology: validate 10 to 10000 hosts"
    head_row -
    last=
    for n in 10 100 1000 10000; do
        star "$n" >"$work/validate.xml"
        for _ in $(seq "$rounds"); do
            "$python" - "$build/labctl" validate "$work/validate.xml" <<'END' || return 1
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%.1f %d" % ((used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss))
END
        done >"$work/figures" || return 1
        ms=$(cut -d' ' -f1 "$work/figures" | median)
        kib=$(cut -d' ' -f2 "$work/figures" | median)
        row "validate $n hosts" ms "$ms" - "$([ "$n" -lt 10000 ] || echo '< 1000')"
        row "validate $n hosts" KiB "$kib" - ''
        if [ "$n" -eq 10000 ]; then
            # shellcheck disable=SC2086 # two numbers
            set -- $last
            row "growth of time, 1000 to 10000" power "$(power "$1" "$ms")" - 'about 1'
            row "growth of memory, 1000 to 10000" power "$(power "$2" "$kib")" - 'at most 1'
        fi
        last="$ms $kib"
    done
}

# The exponent of a growth from $1 to $2 when the size grew tenfold.
power() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", log(b / a) / log(10) }'; }
