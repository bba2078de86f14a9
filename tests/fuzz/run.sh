#!/bin/sh
# Runs each fuzzer for a bounded time on its seeds.  usage: run.sh BUILD SECONDS NAME...
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

for name in "$@"; do
	work=$(mktemp -d)
	mkdir "$work/corpus" "$work/found"
	[ -d "$here/seeds/$name" ] || { echo "fuzz_$name has no seeds in tests/fuzz/seeds/$name"; failed=$((failed + 1)); continue; }
	if "$build/fuzz_$name" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
		-artifact_prefix="$work/found/" "$work/corpus" "$here/seeds/$name" >"$work/log" 2>&1; then
		printf 'fuzz_%-16s %s runs, %s KiB of memory\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")" \
			"$(sed -n 's/^bound: at most \([0-9]*\) KiB.*/\1/p' "$work/log")"
		passed=$((passed + 1))
	else
		echo "---- fuzz_$name:"
		tail -40 "$work/log"
		for f in "$work"/found/*; do [ -e "$f" ] && echo "input $(basename "$f"):" && base64 "$f" | head -40; done
		failed=$((failed + 1))
	fi
	rm -rf "$work"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
