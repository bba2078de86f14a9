#!/bin/sh
# `make check`: installs what is missing, then runs every kind of test, and closes with one line for all.  A part that
# fails does not keep the next from running.  The Xen parts, which wait much and use one processor, run beside the others.
set -u

cd "$(dirname "$0")/.." || exit 2
[ "$(id -u)" -eq 0 ] || { echo "make check: run it as root: it makes namespaces, bridges and containers" >&2; exit 2; }
export BUILD=${BUILD:-build}
began=$(date +%s)
# Four builds compile the same files each time; what was compiled before is taken from the cache.
export CCACHE_DIR="${LABD_CACHE:-/var/cache/labd}/ccache" CCACHE_MAXSIZE=1G PATH="/usr/lib/ccache:$PATH"

# part NAME COMMAND...: its closing line 'N passed, N failed' is counted; without one, the part is one test.  What it
# printed comes out when it has ended, so that parts that run at the same time do not mix.
part() {
	name=$1
	shift
	start=$(date +%s)
	out=$tmp/$name
	"$@" >"$out" 2>&1
	status=$?
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
	(
		flock 9
		printf '\n==== %s\n' "$name"
		cat "$out"
		printf '%-12s %5d passed %3d failed %5ds\n' "$name" "$p" "$f" $(($(date +%s) - start)) >>"$tmp/.summary"
	) 9>"$tmp/.lock"
}

tmp=$(mktemp -d)
beside=
trap 'test -z "$beside" || kill -TERM -- "-$beside" 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
make_() { make --no-print-directory "$@"; }

part deps labd/tools/deps.sh build run image kernel xen web test
part build make_ STRICT=1 -j2 tests man
part web make_ web
part image images/build.sh

set -m # a group of its own, to be stopped with all that it started
(
	# Minutes of compiling where it was not compiled before: at the priority that leaves the tests the processors.
	part kernel nice -n 19 images/kernel/build.sh small
	part xenhost images/xenhost/build.sh
	part xen make_ check-xen XEN_JOBS=1
) &
beside=$!
set +m

part lint make_ lint
part clang make_ -j2 check-clang
part unit make_ test
part asan make_ -j2 check-asan
part imagetest tests/image/test_image.sh
part contract make_ check-contract
part webtest make_ check-web
part e2e make_ check-e2e
part fuzz make_ -j2 fuzz FUZZ_SECONDS=30
wait "$beside"
beside=

echo
cat "$tmp/.summary"
echo "Time: $(($(date +%s) - began)) s"
awk '{p += $2; f += $4} END {print p + 0 " passed, " f + 0 " failed"; exit f > 0}' "$tmp/.summary"
