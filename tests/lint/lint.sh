#!/bin/sh
# `make lint`: layers and bans first (seconds), then what reads the code more slowly.
# Closes with 'N passed, N failed'; each tool counts as one.
set -u

build=${1:-build}
cd "$(dirname "$0")/../.." || exit 2
passed=0
failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

run() {
	name=$1
	shift
	if "$@" >"$out" 2>&1; then
		passed=$((passed + 1))
		echo "ok      $name"
	else
		failed=$((failed + 1))
		echo "FAILED  $name"
		grep -v ' warnings generated\.$' "$out" | head -60 # of system headers, and left out
	fi
}

c_files=$(git ls-files '*.c' | grep -v '^tests/fuzz/')
all_c=$(git ls-files '*.c' '*.h')
scripts=$(git ls-files '*.sh' .ci/run ':!tests/golden/' ':!tests/site/exercises/' ':!exercises/') # the latter two: parameters
solutions=$(git ls-files 'exercises/*.sh')

# shellcheck disable=SC2086 # lists of words, none with a space
{
	run layers tests/lint/layers.sh
	run bans tests/lint/bans.sh
	run schemas tests/lint/schemas.sh
	run shellcheck shellcheck -x -S warning $scripts
	run 'shellcheck of solutions' shellcheck -x -S warning -e SC2154 $solutions # a parameter is assigned nowhere
	run clang-format clang-format --dry-run -Werror $all_c
	run cppcheck cppcheck -q -j2 --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,performance,portability \
		--suppress=missingIncludeSystem --suppress=varFuncNullUB --cppcheck-build-dir="$(mkdir -p "$build/cppcheck" && echo "$build/cppcheck")" \
		-D_GNU_SOURCE -D'PARALAB_VERSION="0"' -I. $c_files
	run clang-tidy tests/lint/tidy.sh $c_files
}
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
