#!/bin/bash
# Runs each fuzzer for a bounded time on each of its folders of seeds, as many at a time as there are processors.
# usage: run.sh BUILD SECONDS NAME...
set -u

build=$1
seconds=$2
shift 2
passed=0
failed=0
here=$(dirname "$0")

# What watches the memory of all fuzzers: an input of two bytes may not take 64 MiB.
check_bound() {
	printf 0 >"$work/0" && printf 64 >"$work/64"
	"$build/fuzz-greedy" "$work/0" >"$work/log" 2>&1 || return 1
	"$build/fuzz-greedy" -artifact_prefix="$work/" "$work/64" >"$work/log" 2>&1 && return 1
	grep -q '^bound: 67108864 bytes are in use for an input of 2$' "$work/log"
}
work=$(mktemp -d)
if check_bound; then
	passed=$((passed + 1))
else
	echo "---- the bound on memory does not work:"
	tail -40 "$work/log"
	failed=$((failed + 1))
fi
rm -rf "$work"

# One folder of seeds, its fuzzer named by what stands before the dash; what stands behind it, the fuzzer is told.
# Writes its verdict as the last line.
one() {
	name=${1%%-*}
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir "$work/corpus" "$work/found"
	if FUZZ_ONLY=${1#"$name"} "$build/fuzz_$name" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=65536 \
		-print_final_stats=1 -artifact_prefix="$work/found/" "$work/corpus" "$here/seeds/$1" >"$work/log" 2>&1; then
		printf 'fuzz_%-24s %s runs, %s KiB of memory\npassed\n' "$1" \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")" \
			"$(sed -n 's/^bound: at most \([0-9]*\) KiB.*/\1/p' "$work/log")"
	else
		echo "---- fuzz_$1:"
		tail -40 "$work/log"
		for f in "$work"/found/*; do [ -e "$f" ] && echo "input $(basename "$f"):" && base64 "$f" | head -40; done
		echo failed
	fi
}

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
running=0
for name in "$@"; do
	folders=
	for folder in "$here/seeds/$name" "$here/seeds/$name"-*; do
		[ -d "$folder" ] || continue
		folders=$(basename "$folder")
		[ $running -lt "$(nproc)" ] || { wait -n; running=$((running - 1)); }
		(one "$folders") >"$results/$folders" &
		running=$((running + 1))
	done
	[ -n "$folders" ] || { echo "fuzz_$name has no seeds in tests/fuzz/seeds/$name"; failed=$((failed + 1)); }
done
wait
for result in "$results"/*; do
	case $(tail -1 "$result") in
	passed) passed=$((passed + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
	sed '${/^passed$/d; /^failed$/d}' "$result"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
