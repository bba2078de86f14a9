#!/bin/sh
# Starts labhost and labd with the shipped exercises and two accounts; on Ctrl-C stops them and removes
# what they made.  Called by `make demo`, which has built everything.
set -eu

BUILD=${BUILD:-build}
LISTEN=${LISTEN:-127.0.0.1:8080}
URL=${URL:-http://$LISTEN} # what a browser is told, where that is not what we listen on
DRIVER=${DRIVER:-container}
RUN=${RUN:-/run/labd}
STATE=${STATE:-/var/lib/labd-demo}
IMAGES=${IMAGES:-${LABD_CACHE:-/var/cache/labd}/images}
top=$(cd "$(dirname "$0")/../.." && pwd)
case $BUILD in /*) ;; *) BUILD=$top/$BUILD ;; esac
user=labd
host_pid=
site_pid=

say() { printf '%s\n' "$*"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || die "run it as root: it makes network namespaces and bridges"
id $user >/dev/null 2>&1 || useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin $user
mkdir -p "$RUN" "$STATE/site" "$STATE/host"
chown $user "$STATE/site"
log=$STATE/log
: >"$log"

cleanup() {
	trap - EXIT INT TERM HUP
	if [ -n "$site_pid" ] && kill -0 "$site_pid" 2>/dev/null; then
		say "Stopping the labs ..."
		LABCTL_SOCKET="$RUN/labd.sock" timeout 120 "$BUILD/labctl" down --all >/dev/null 2>>"$log" || say "demo: some labs could not be stopped; see below"
		kill "$site_pid" 2>/dev/null || true
		wait "$site_pid" 2>/dev/null || true
	fi
	if [ -n "$host_pid" ] && kill -0 "$host_pid" 2>/dev/null; then
		kill "$host_pid" 2>/dev/null || true
		wait "$host_pid" 2>/dev/null || true
	fi
	if [ -n "${DEMO_KEEP_LOG:-}" ]; then cp "$log" "$DEMO_KEEP_LOG"; fi
	rm -rf "$RUN" "$STATE"
	say "Everything is removed."
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The daemons lead process groups of their own, so that Ctrl-C reaches only this script, which then
# stops the labs before it stops them.
setsid "$BUILD/labhost" --state "$STATE/host" --run "$RUN" --images "$IMAGES" --driver "$DRIVER" --user $user 2>>"$log" &
host_pid=$!
i=0
until [ -S "$RUN/host.sock" ]; do
	kill -0 $host_pid 2>/dev/null || { tail -5 "$log" >&2; host_pid=; die "labhost did not start"; }
	[ $((i += 1)) -lt 300 ] || { tail -5 "$log" >&2; die "labhost does not answer"; }
	sleep 0.1
done

setsid "$BUILD/labd" --listen "$LISTEN" --state "$STATE/site" --run "$RUN" --exercises "$top/exercises" --web "$top/web/dist" \
	--host-socket "$RUN/host.sock" --user $user 2>>"$log" &
site_pid=$!
i=0
until [ -S "$RUN/labd.sock" ] && LABCTL_SOCKET="$RUN/labd.sock" "$BUILD/labctl" list >/dev/null 2>&1; do
	kill -0 $site_pid 2>/dev/null || { tail -5 "$log" >&2; site_pid=; die "labd did not start"; }
	[ $((i += 1)) -lt 300 ] || { tail -5 "$log" >&2; die "labd does not answer"; }
	sleep 0.1
done

password() { od -An -N5 -tx1 /dev/urandom | tr -d ' \n'; }
student=$(password)
instructor=$(password)
add() { printf '%s\n' "$4" | "$BUILD/labd" --state "$STATE/site" --user $user --add-user "$1" --role "$2" --name "$3" --password-stdin 2>>"$log"; }
add student student "Sam Student" "$student" || die "cannot make the account 'student'; see $log"
add instructor instructor "Iris Instructor" "$instructor" || die "cannot make the account 'instructor'; see $log"

cat <<EOF

  Paralab is running at   $URL/

      sign in as     password
      student        $student
      instructor     $instructor

  In another terminal:  ${LABCTL:-$BUILD/labctl} list      (log: $log)
  Ctrl-C stops the labs and removes everything.

EOF
while kill -0 $host_pid 2>/dev/null && kill -0 $site_pid 2>/dev/null; do sleep 1 & wait $! || true; done
tail -5 "$log" >&2
die "a daemon ended by itself"
