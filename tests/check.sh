#!/bin/sh
# `make check`: installs what is missing, then runs every kind of test, one after another, and closes
# with one line for all.  A part that fails does not keep the next from running.
set -u

cd "$(dirname "$0")/.." || exit 2
[ "$(id -u)" -eq 0 ] || { echo "make check: run it as root: it makes namespaces, bridges and containers" >&2; exit 2; }
export BUILD=${BUILD:-build}
began=$(date +%s)
# Four builds compile the same files each time; what was compiled before is taken from the cache.
export CCACHE_DIR="${LABD_CACHE:-/var/cache/labd}/ccache" CCACHE_MAXSIZE=1G PATH="/usr/lib/ccache:$PATH"
total_passed=0
total_failed=0
summary=

# part NAME COMMAND...: its closing line 'N passed, N failed' is counted; without one, the part is one test.
part() {
	name=$1
	shift
	start=$(date +%s)
	echo
	echo "==== $name"
	"$@" >"$out" 2>&1
	status=$?
	cat "$out"
	p=$(sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p' "$out" | tail -1)
	f=$(sed -n 's/^[0-9]* passed, \([0-9]*\) failed$/\1/p' "$out" | tail -1)
	if [ -z "$p" ]; then # node's own closing lines; there may be several runs
		p=$(sed -n 's/^# pass \([0-9]*\)$/\1/p; s/^ℹ pass \([0-9]*\)$/\1/p' "$out" | awk '{n += $1} END {print n + 0}')
		f=$(sed -n 's/^# fail \([0-9]*\)$/\1/p; s/^ℹ fail \([0-9]*\)$/\1/p' "$out" | awk '{n += $1} END {print n + 0}')
		if [ "$p" -eq 0 ] && [ "$f" -eq 0 ]; then
			if [ $status -eq 0 ]; then p=1; else f=1; fi
		fi
	fi
	if [ $status -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
	total_passed=$((total_passed + p))
	total_failed=$((total_failed + f))
	summary="$summary$(printf '%-12s %5d passed %3d failed %5ds' "$name" "$p" "$f" $(($(date +%s) - start)))
"
}

out=$(mktemp)
compiler=
trap 'test -z "$compiler" || kill -TERM -- "-$compiler" 2>/dev/null; rm -f "$out"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
make_() { make --no-print-directory "$@"; }

part deps labd/tools/deps.sh build run image kernel xen web test
part build make_ STRICT=1 -j2 tests
part lint make_ lint
part clang make_ -j2 check-clang
part unit make_ test
part asan make_ -j2 check-asan
part image images/build.sh
# The guest kernel is minutes of compiling, and the tests on real parts wait much: it gets what they leave.  The
# part "kernel" waits for it, and says what was wrong.
setsid sh -c 'echo 19 >/proc/self/autogroup; exec nice -n 19 images/kernel/build.sh small' >/dev/null 2>&1 &
compiler=$!
part imagetest tests/image/test_image.sh
part contract make_ check-contract
part web make_ web
part webtest make_ check-web
part e2e make_ check-e2e
wait "$compiler"
compiler=
part kernel images/kernel/build.sh small
part xenhost images/xenhost/build.sh
part xen make_ check-xen
part fuzz make_ -j2 fuzz FUZZ_SECONDS=30

echo
printf '%s' "$summary"
echo "Time: $(($(date +%s) - began)) s"
echo "$total_passed passed, $total_failed failed"
[ $total_failed -eq 0 ]
