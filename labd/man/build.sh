#!/bin/sh
# One man page: scdoc on standard input to roff on standard output.  The line @COMMANDS@ becomes what
# labctl says about itself, so that page and program cannot differ.
# usage: build.sh LABCTL <labctl.1.scd >labctl.1
set -eu

commands=$(mktemp)
trap 'rm -f "$commands"' EXIT
"$1" help --man >"$commands"
sed -e "/^@COMMANDS@\$/{r $commands" -e 'd}' | scdoc
