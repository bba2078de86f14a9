#!/bin/sh
# `make bench-xen`: starts the nested Xen machine, runs xen.sh in it, and again with more memory for many guests.
set -eu

cd "$(dirname "$0")/../.."
dir=$(mktemp -d /tmp/xh.XXXXXX)
trap 'images/xenhost/xenhost stop "$dir" --now >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

bench() { # memory, part...
    memory=$1
    shift
    images/xenhost/xenhost start "$dir" --memory "$memory"
    tar -C "$(images/kernel/build.sh cloud --print)" -c . | images/xenhost/xenhost run "$dir" -- sh -c 'mkdir /run/cloud && tar -C /run/cloud -x'
    images/xenhost/xenhost run "$dir" -- env ROUNDS="${ROUNDS:-3}" GUESTS="${GUESTS:-100}" /paralab/tests/bench/xen.sh "$@"
    images/xenhost/xenhost stop "$dir"
}

bench 4096 start suspend boot memory rewire
bench 8192 many
