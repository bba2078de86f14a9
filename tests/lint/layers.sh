#!/bin/sh
# The layer check: fails when an #include breaks the order of the architecture.
#
#   layers.sh [ROOT]        checks the tree below ROOT (default: the current folder)
#   layers.sh --self-test   proves that it can fail
#
# The table is the architecture diagram: a folder is a library is a layer; the longest folder that matches
# a file decides its layer; a layer may include itself and the layers to its right.
set -u

table() {
    cat <<'END'
# layer     folder               may include
base        labd/base            -
topology    topology             base
foreign     topology/foreign     base topology
rpc         labd/rpc             base topology
guest       labd/host/guest      base topology
net         labd/host/net        base topology
store       labd/site/store      base topology
http        labd/site/http       base
console     labd/host/console    base topology rpc guest
grading     grading              base topology rpc net
host        labd/host            base topology rpc guest net console grading
site        labd/site            base topology rpc store http grading
ctl         labd/ctl             base topology foreign grading
init        images/init          -
xen         images/xen           guest
END
}

check() {
    root=$1
    cd "$root" || return 2
    files=$(find labd topology grading images -name '*.[ch]' -type f 2>/dev/null | LC_ALL=C sort)
    if [ -z "$files" ]; then
        echo "layers: no C file below $root: nothing was checked" >&2
        return 2
    fi
    # File names of this project hold no blanks; that is one of the things checked here.
    table | awk -v files="$files" '
        function layer_of(path,   best, f) {
            best = ""
            for (f in layer)
                if (index(path, f "/") == 1 && length(f) > length(best))
                    best = f
            return best == "" ? "" : layer[best]
        }
        /^#/ || NF == 0 { next }
        {
            layer[$2] = $1
            for (i = 3; i <= NF; i++)
                allowed[$1, $i] = 1
            allowed[$1, $1] = 1
        }
        END {
            n = split(files, file, "\n")
            for (i = 1; i <= n; i++) {
                from = layer_of(file[i])
                if (from == "") {
                    printf "%s:1: error: belongs to no layer; add its folder to the table of tests/lint/layers.sh\n", file[i]
                    bad++
                    continue
                }
                line = 0
                while ((got = (getline text < file[i])) > 0) {
                    line++
                    if (text !~ /^[ \t]*#[ \t]*include[ \t]*"/)
                        continue
                    includes++
                    split(text, part, "\"")
                    to = layer_of(part[2])
                    if (to == "") {
                        printf "%s:%d: error: \"%s\" is not a path from the repository root\n", file[i], line, part[2]
                        bad++
                    } else if (!((from, to) in allowed)) {
                        printf "%s:%d: error: layer %s may not include \"%s\" of layer %s\n", file[i], line, from, part[2], to
                        bad++
                    }
                }
                if (got < 0) {
                    printf "%s:1: error: cannot be read\n", file[i]
                    bad++
                }
                close(file[i])
            }
            if (bad) {
                printf "layers: %d problem(s); the order is the table in tests/lint/layers.sh\n", bad
                exit 1
            }
            printf "layers: ok: %d files, %d includes\n", n, includes
        }' >&2
}

self_test() {
    dir=$(mktemp -d) || exit 2
    trap 'rm -rf "$dir"' EXIT
    fails=0
    expect() { # name, wanted status, file, line of source
        rm -rf "$dir/tree"
        mkdir -p "$dir/tree/$(dirname "$3")"
        printf '%s\n' "$4" >"$dir/tree/$3"
        (check "$dir/tree") >"$dir/out" 2>&1
        got=$?
        if [ "$got" -ne "$2" ]; then
            echo "layers: self-test '$1': wanted status $2, got $got:" >&2
            cat "$dir/out" >&2
            fails=$((fails + 1))
        fi
    }
    expect 'a lower layer is fine' 0 labd/ctl/a.c '#include "labd/base/err.h"'
    expect 'the longest folder decides' 1 labd/host/net/a.c '#include "labd/host/jobs.h"'
    expect 'labd reads no foreign format' 1 labd/site/a.c '#include "topology/foreign/import.h"'
    expect 'base includes nothing' 1 labd/base/a.c '#include "topology/plan.h"'
    expect 'labd does not link labhost' 1 labd/site/a.c '#include "labd/host/guest/guest.h"'
    expect 'relative include' 1 labd/base/a.c '#include "err.h"'
    expect 'blanks around the hash' 1 labd/base/a.h '  #  include "labd/rpc/rpc.h"'
    expect 'system headers are free' 0 labd/base/a.c '#include <stdio.h>'
    expect 'a folder without a layer' 1 labd/new/a.c 'int x;'
    expect 'an empty tree is no success' 2 labd/base/a.txt ''
    [ "$fails" -eq 0 ] && echo "layers: self-test ok" >&2
    return "$fails"
}

case "${1-}" in
--self-test) self_test ;;
*) check "${1-.}" ;;
esac
