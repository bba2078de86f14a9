#!/bin/sh
# `make demo DRIVER=xen`: the demo inside a Xen host that runs in QEMU, its web port forwarded to LISTEN here.
# On Ctrl-C the machine goes, and with it all that ran on it.
set -eu

LISTEN=${LISTEN:-127.0.0.1:8080}
MEMORY=${MEMORY:-4096} # MB, of which 1 GB is dom0's
top=$(cd "$(dirname "$0")/../.." && pwd)
xenhost=$top/images/xenhost/xenhost
dir=$(mktemp -d /tmp/xendemo.XXXXXX)
child= # of ours, in a process group of its own, so that Ctrl-C reaches only this script

cleanup() {
	trap - EXIT INT TERM HUP
	if [ -n "$child" ]; then # a machine that is just being started goes with it
		kill "$child" 2>/dev/null || true
		wait "$child" || true
	fi
	"$xenhost" stop "$dir" --now
	rm -rf "$dir"
	echo "Everything is removed."
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

echo "Starting a Xen host in QEMU ..."
setsid "$xenhost" start "$dir" --memory "$MEMORY" --forward "$LISTEN:8080" &
child=$!
wait $child
setsid "$xenhost" run "$dir" -- env BUILD=/paralab/build LISTEN=0.0.0.0:8080 URL="http://$LISTEN" DRIVER=xen \
	STATE=/var/lib/labd/demo LABCTL="images/xenhost/xenhost run $dir labctl" /paralab/labd/tools/demo.sh </dev/null &
child=$!
wait $child
