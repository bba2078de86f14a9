#!/bin/sh
# The contract tests in dom0 of a nested Xen machine: all drivers on real parts, with the kernel's VLANs, netem and
# Open vSwitch datapath.  Closes with the runner's line 'N passed, N failed'.
# usage: contract.sh [TEST...]      names below build/tests/contract; all without one
set -eu

cd "$(dirname "$0")/../.."
xenhost=images/xenhost/xenhost
dir=$(mktemp -d /tmp/xh.XXXXXX)
trap '$xenhost stop "$dir" --now; rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

[ $# -gt 0 ] || set -- 'test_*'
$xenhost start "$dir"
echo "$($xenhost run "$dir" xl info | sed -n 's/^xen_version *: */Xen /p'), dom0 with Linux $($xenhost run "$dir" uname -r)"
for name; do patterns="${patterns:-} build/tests/contract/$name"; done
$xenhost run "$dir" sh -c "cd /paralab && TEST_TIMEOUT=600 exec tests/run.sh $patterns"
