# The console: echo round trip and bytes per second, against a bare pty and against shellinabox.
# shellcheck shell=sh disable=SC2154 # variables of run.sh

ECHOES=${ECHOES:-2000}
BOX_PORT=${BOX_PORT:-14207}
export ECHOES

console_token() {
    password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s\n' "$password" |
        "$build/labd" --state "$work/site" --user labd --add-user bench --role admin --password-stdin 2>>"$work/labd.log" || return 1
    curl -sf -H 'Content-Type: application/json' -d "{\"login\":\"bench\",\"password\":\"$password\"}" \
        "http://$address/api/v1/session" | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p'
}

console_box_start() {
    command -v shellinaboxd >/dev/null || { say "bench: shellinabox is missing: make bench-deps"; return 1; }
    shellinaboxd -t -p "$BOX_PORT" --localhost-only --disable-ssl --no-beep \
        -s '/:root:root:/:/bin/bash --norc --noediting' >/dev/null 2>&1 &
    box_pid=$!
    sleep 1
    kill -0 $box_pid 2>/dev/null
}

bench_console() {
    program=$build/tests/bench/bench_console
    make -s --no-print-directory BUILD="$build" "$program" >&2 || return 1
    seq 1 3000000 >"$work/big"
    chmod 644 "$work/big"
    token=$(console_token) && [ -n "$token" ] || return 1
    console_box_start || return 1
    echo '<topology name="one" version="1"><host name="h1"><interface name="eth0" network="lan"/></host><network name="lan"/></topology>' >"$work/one.xml"
    i=0
    while [ $i -lt "$rounds" ]; do
        say "console: round $((i + 1)) of $rounds"
        lab=$(labctl up --wait "$work/one.xml") || return 1
        labctl exec "$lab" h1 -- sh -c 'cat >/var/big' <"$work/big" || return 1
        CAT=$work/big timeout 120 "$program" pty >>"$work/pty" || return 1
        CAT=/var/big timeout 120 "$program" labd "http://$address" "$token" "$lab" h1 >>"$work/labd.figures" || return 1
        CAT=$work/big timeout 120 "$program" shellinabox "$BOX_PORT" >>"$work/box" || return 1
        labctl down "$lab" || return 1
        i=$((i + 1))
    done
    kill "$box_pid" && wait "$box_pid" 2>/dev/null
    box_pid=
    head_row 'bare pty'
    row "echo of a key, median of $ECHOES" us "$(median_of "$work/labd.figures" 1)" "$(median_of "$work/pty" 1)" '< 1000 us added'
    row "echo of a key, 99th percentile" us "$(median_of "$work/labd.figures" 2)" "$(median_of "$work/pty" 2)" -
    row "cat of 23 MB" MB/s "$(mb "$work/labd.figures")" "$(mb "$work/pty")" -
    head_row shellinabox
    row "echo of a key, median of $ECHOES" us "$(median_of "$work/labd.figures" 1)" "$(median_of "$work/box" 1)" -
    row "echo of a key, 99th percentile" us "$(median_of "$work/labd.figures" 2)" "$(median_of "$work/box" 2)" -
    row "cat of 23 MB" MB/s "$(mb "$work/labd.figures")" "$(mb "$work/box")" '> 1'
}

mb() { median_of "$1" 3 | awk '{ printf "%.1f", $1 / 1e6 }'; }
