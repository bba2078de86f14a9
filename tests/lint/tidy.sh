#!/bin/sh
# clang-tidy over C files, two at a time.  A file that passed is not looked at again until it, a header that it
# includes, the rules or clang-tidy change: the cache keeps a mark for each state that passed.
#   tidy.sh FILE...
set -u

cd "$(dirname "$0")/../.." || exit 2
marks=${LABD_CACHE:-/var/cache/labd}/tidy

# Its text and that of all headers of ours; comments count, for NOLINT is one.
state() {
	# shellcheck disable=SC2086 # flags are words
	files=$(clang -MM -MG $TIDY_FLAGS "$1" | sed 's/^[^:]*://; s/\\$//') || return 1
	# shellcheck disable=SC2086 # a list of names, none with a space
	{ echo "$TIDY_RULES" && cat $files; } | sha256sum | cut -d' ' -f1
}

one() {
	mark=$(state "$1") || return 1
	if [ -e "$marks/$mark" ]; then
		touch "$marks/$mark" 2>/dev/null
		return 0
	fi
	# shellcheck disable=SC2086 # flags are words
	clang-tidy -quiet "$1" -- $TIDY_FLAGS || return 1
	{ mkdir -p "$marks" && : >"$marks/$mark"; } 2>/dev/null
	return 0
}

if [ "$1" = --one ]; then
	one "$2"
	exit
fi
# shellcheck disable=SC2089,SC2090 # the quotes belong to the macro
TIDY_FLAGS="-std=gnu17 -D_GNU_SOURCE -DPARALAB_VERSION=\"0\" -I. $(pkg-config --cflags libxml-2.0 libmicrohttpd sqlite3 jansson libcurl libsodium)"
# The packages of system headers change with the distribution's version, which is enough to tell them apart.
TIDY_RULES=$({ clang-tidy --version; cat .clang-tidy /etc/debian_version; echo "$TIDY_FLAGS"; } | sha256sum)
# shellcheck disable=SC2090
export TIDY_FLAGS TIDY_RULES
find "$marks" -type f -mtime +30 -delete 2>/dev/null
printf '%s\n' "$@" | xargs -P2 -n1 "$0" --one
