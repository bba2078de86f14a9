#!/bin/sh
# Runs test programs one after another and closes with one line for all of them: 'N passed, N failed'.
# usage: run.sh PROGRAM...; a program counts its own tests in cmocka's words or ours.
set -u

passed=0
failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for t in "$@"; do
	start=$(date +%s)
	timeout "${TEST_TIMEOUT:-300}" "$t" >"$out" 2>&1
	status=$?
	# A program may run several groups, each with such a line.
	p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p; s/^\([0-9]*\) passed, [0-9]* failed$/\1/p' "$out" | awk '{n += $1} END {print n + 0}')
	f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p; s/^[0-9]* passed, \([0-9]*\) failed$/\1/p' "$out" | awk '{n += $1} END {print n + 0}')
	# A program that crashed, hung or ran nothing has failed, whatever it counted.
	if [ $status -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
	if [ "$p" -eq 0 ] && [ "$f" -eq 0 ]; then f=1; fi
	printf '%-44s %4d passed %3d failed  %3ds\n' "$(basename "$t")" "$p" "$f" $(($(date +%s) - start))
	if [ "$f" -ne 0 ]; then
		echo "---- $t ended with status $status:"
		grep -vE '^\[ RUN|^\[       OK' "$out" | tail -60
		echo "----"
	fi
	passed=$((passed + p))
	failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
