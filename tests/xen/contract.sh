#!/bin/sh
# The contract tests of driver xen in dom0 of a nested Xen machine.  Closes with the runner's line 'N passed, N failed'.
# usage: contract.sh [TEST...]      others below build/tests/contract, test_net_link for example; test_guest and test_guest_xen
#                                   without one
set -eu

cd "$(dirname "$0")/../.."
xenhost=images/xenhost/xenhost
dir=$(mktemp -d /tmp/xh.XXXXXX)
trap '$xenhost stop "$dir" --now; rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

[ $# -gt 0 ] || set -- test_guest test_guest_xen
$xenhost start "$dir"
echo "$($xenhost run "$dir" xl info | sed -n 's/^xen_version *: */Xen /p'), dom0 with Linux $($xenhost run "$dir" uname -r)"
for name; do patterns="${patterns:-} build/tests/contract/$name"; done
$xenhost run "$dir" sh -c "cd /paralab && TEST_TIMEOUT=600 exec tests/run.sh $patterns"
