# Start and stop of a star, against Mininet with its Linux bridge, alternated.
# shellcheck shell=sh disable=SC2154 # variables of run.sh

star_ours() { # hosts; appends "START STOP" in seconds
    star "$1" >"$work/star.xml"
    t0=$(now_ms)
    lab=$(labctl up --wait "$work/star.xml" 2>"$work/err") || { cat "$work/err" >&2; return 1; }
    t1=$(now_ms)
    labctl down "$lab" || return 1
    t2=$(now_ms)
    echo "$(seconds "$t0" "$t1") $(seconds "$t1" "$t2")" >>"$work/ours.$1"
}

star_peer() {
    timeout 300 "$python" tests/bench/mininet_star.py "$1" >>"$work/peer.$1"
}

median_of() { cut -d' ' -f"$2" "$1" | median; } # file, column

bench_start() {
    "$python" -c 'import mininet' 2>/dev/null || { say "bench: Mininet is missing: make bench-deps"; return 1; }
    head_row mininet
    for n in $sizes; do
        i=0
        while [ $i -lt "$rounds" ]; do
            say "start and stop: $n hosts, round $((i + 1)) of $rounds"
            star_ours "$n" || return 1
            star_peer "$n" || return 1
            i=$((i + 1))
        done
        aim='-'
        [ "$n" -ge 50 ] && aim='<= 0.5'
        row "start a star of $n hosts" s "$(median_of "$work/ours.$n" 1)" "$(median_of "$work/peer.$n" 1)" "$aim"
        row "stop it" s "$(median_of "$work/ours.$n" 2)" "$(median_of "$work/peer.$n" 2)" "$aim"
    done
}
