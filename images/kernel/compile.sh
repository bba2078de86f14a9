#!/bin/sh
# Compiles the small guest kernel from Debian's kernel source: 7 minutes on 2 cores.
#   compile.sh WORK
# WORK, a folder that exists, gets vmlinuz, kernel.config and version; what else it holds then may go.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$1

say() { echo "kernel: $*" >&2; }
die() { say "$*"; exit 1; }

tarball=/usr/src/linux-source-6.1.tar.xz
test -f "$tarball" || die "$tarball is missing; install the package linux-source-6.1"
say "unpacking $(dpkg-query -W linux-source-6.1 | tr '\t' ' ')"
mkdir "$work/src" "$work/out"
tar -C "$work/src" --strip-components=1 -xf "$tarball"
for p in "$here"/patches/*.patch; do
    patch -s -d "$work/src" -p1 < "$p"
done

# Nothing of this machine or of this moment goes into the kernel.
KBUILD_BUILD_USER=paralab KBUILD_BUILD_HOST=paralab
KBUILD_BUILD_TIMESTAMP=$(date -u -r "$tarball")
export KBUILD_BUILD_USER KBUILD_BUILD_HOST KBUILD_BUILD_TIMESTAMP
kernel_make() { make -s -C "$work/src" O="$work/out" KCFLAGS=-w "$@" >&2; }

kernel_make KCONFIG_ALLCONFIG="$here/config" allnoconfig
grep -E '^(# )?CONFIG_' "$here/config" > "$work/wanted"
lost=$(grep -vxFf "$work/out/.config" "$work/wanted" || true)
test -z "$lost" || die "these lines of $here/config have no effect in this kernel: $lost"

say "compiling, which takes some minutes"
kernel_make -j"$(nproc)" bzImage
cp "$work/out/arch/x86/boot/bzImage" "$work/vmlinuz"
cp "$work/out/.config" "$work/kernel.config"
dpkg-query -W linux-source-6.1 > "$work/version"
rm -r "$work/src" "$work/out" "$work/wanted"
