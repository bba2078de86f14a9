#!/bin/sh
# Each committed .rng is what its .rnc gives.  Both are compared in canonical XML without white space between elements, so
# that how a version of trang indents is no difference.
#
#   schemas.sh [ROOT]        checks the schemas below ROOT (default: the current folder)
#   schemas.sh --self-test   proves that it can fail
set -u

canonical() { # FILE
    xmllint --noblanks --nonet "$1" >"$dir/flat.xml" && xmllint --c14n --nonet "$dir/flat.xml"
}

check() { # ROOT
    count=0
    status=0
    for rnc in "$1"/topology/*.rnc "$1"/grading/*.rnc; do
        [ -e "$rnc" ] || continue
        count=$((count + 1))
        rng=${rnc%.rnc}.rng
        if ! trang "$rnc" "$dir/made.rng" || ! canonical "$dir/made.rng" >"$dir/made"; then
            echo "${rnc#"$1"/}: error: trang does not read it" >&2
            status=1
        elif ! canonical "$rng" >"$dir/committed" || ! cmp -s "$dir/made" "$dir/committed"; then
            echo "${rng#"$1"/}: error: it is not what ${rnc#"$1"/} gives; change that file and run 'make schemas'" >&2
            status=1
        fi
    done
    [ "$count" -gt 0 ] || { echo "schemas: no .rnc below $1: nothing was checked" >&2; status=2; }
    [ "$status" -ne 0 ] || echo "schemas: ok" >&2
    return "$status"
}

self_test() {
    fails=0
    tree=$dir/tree
    expect() { # name, wanted status
        check "$tree" >"$dir/out" 2>&1
        got=$?
        [ "$got" -eq "$2" ] && return
        echo "schemas: self-test '$1': wanted status $2, got $got:" >&2
        cat "$dir/out" >&2
        fails=$((fails + 1))
    }
    mkdir -p "$tree/topology"
    expect 'no schema is no success' 2
    echo 'start = element a { attribute b { text }? }' >"$tree/topology/a.rnc"
    expect 'no .rng' 1
    trang "$tree/topology/a.rnc" "$tree/topology/a.rng"
    expect 'as made' 0
    xmllint --noblanks "$tree/topology/a.rng" >"$dir/flat" && cp "$dir/flat" "$tree/topology/a.rng"
    expect 'other white space' 0
    sed -i 's/"b"/"c"/' "$tree/topology/a.rng"
    expect 'changed by hand' 1
    echo 'start = element {' >"$tree/topology/a.rnc"
    expect 'not the compact syntax' 1
    [ "$fails" -eq 0 ] && echo "schemas: self-test ok" >&2
    return "$fails"
}

dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
case "${1-}" in
--self-test) self_test ;;
*) check "${1-.}" ;;
esac
