#!/bin/sh
# Builds what a Xen guest boots from, or does nothing when it is there already.
#
#   build.sh small|cloud [--print]      --print: print the folder that belongs to this recipe, build nothing
#
#   small   a kernel of our own, compiled from Debian's source: 7 minutes once, nodes of 48 MiB
#   cloud   Debian's cloud kernel as it is: seconds, nodes of 128 MiB, a pulled cable does not show inside
#
# The result is $LABD_CACHE/images/kernel-KIND-HASH:
#   vmlinuz      for a PV domain
#   initrd       stage 1, agent and console (../xen), for cloud with modules; its size is a multiple of 4, so
#                that the node's own archive can follow it
#   layer.ext4   an empty private disk, sparse: copied for each node
#   memory_min   MiB with which a node boots reliably
#   version      of the package that the kernel comes from
# The link kernel points at the small one if there is one, else at the cloud one.  The compiled kernel itself is
# kept in $LABD_CACHE/kernel, so that a change of the agent does not compile it again.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=$(realpath -m "${LABD_CACHE:-/var/cache/labd}")
images=$cache/images
kernels=$cache/kernel
debs=$cache/apt

say() { echo "kernel: $*" >&2; }
die() { say "$*"; exit 1; }

# Everything that shapes a part, in an order that does not depend on the machine.
hash_of() { (cd "$here/../.." && find "$@" -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-12); }

kind=${1:-}
case $kind in
small) parts="images/kernel/config images/kernel/patches images/kernel/compile.sh" memory_min=48 ;;
cloud) parts="images/kernel/modules images/kernel/unpack.sh" memory_min=128 ;;
*) echo "usage: $0 small|cloud [--print]" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086 # a list of words
kernel=$kernels/$kind-$(hash_of $parts)
recipe=$(hash_of images/kernel/build.sh images/programs.mk images/xen labd/host/guest/xen_agent.h)
final=$images/kernel-$kind-$(echo "$kernel $recipe" | sed 's|.*/||' | sha256sum | cut -c1-12)

use() {
    case $kind,$(readlink "$images/kernel" || true) in
    cloud,kernel-small-*) test ! -e "$images/kernel/vmlinuz" || return 0 ;;
    esac
    ln -sfn "${final##*/}" "$images/.kernel.$$"
    mv -T "$images/.kernel.$$" "$images/kernel"
}

need() {
    for tool in "$@"; do
        command -v "$tool" > /dev/null || die "$tool is not installed; labd/tools/deps.sh kernel installs what this needs"
    done
}

# The kernel alone, beside its place first.
build_kernel() {
    rm -rf "$kernels/.build-$kind"
    mkdir -p "$kernels/.build-$kind"
    if test "$kind" = small; then
        need patch flex bison bc xz
        "$here/compile.sh" "$kernels/.build-$kind"
    else
        need apt-get dpkg-deb depmod modprobe
        "$here/unpack.sh" "$kernels/.build-$kind" "$debs"
    fi
    mv -T "$kernels/.build-$kind" "$kernel"
}

build_initrd() {
    make -s --no-print-directory -C "$here/../xen" OUT="$work/tree" programs >&2
    if test -d "$kernel/modules"; then
        cp -r "$kernel/modules" "$work/tree/modules"
    fi
    find "$work/tree" -exec touch -h -d @0 {} +
    (cd "$work/tree" && find . | LC_ALL=C sort | cpio --quiet --reproducible -R 0:0 -H newc -o) > "$work/initrd"
    # Ours is 1 MB, which is not worth the time that unpacking takes; ten of modules are.
    if test -d "$kernel/modules"; then
        zstd -q -19 --rm -f "$work/initrd" -o "$work/initrd.zst"
        mv "$work/initrd.zst" "$work/initrd"
    fi
    truncate -s %4 "$work/initrd"
    rm -r "$work/tree"
}

# A journal, because nodes are switched off like lamps; few inodes, because a node writes little.
build_layer() {
    truncate -s 256M "$work/layer.full"
    mke2fs -q -F -t ext4 -b 4096 -N 16384 -m 0 -J size=4 -O '^resize_inode,^metadata_csum,^huge_file' \
        -E lazy_itable_init=0,lazy_journal_init=0,nodiscard -L private "$work/layer.full"
    cp --sparse=always "$work/layer.full" "$work/layer.ext4"
    rm "$work/layer.full"
}

build() {
    need gcc make cpio zstd mke2fs
    test -d "$kernel" || build_kernel
    cp "$kernel/vmlinuz" "$kernel/version" "$work/"
    build_initrd
    build_layer
    echo "$memory_min" > "$work/memory_min"
    chmod 755 "$work"
    mv -T "$work" "$final"
    say "built $final, in $(($(date +%s) - began)) s"
}

case ${2:-} in
--print) echo "$final"; exit 0 ;;
'') ;;
*) echo "usage: $0 small|cloud [--print]" >&2; exit 2 ;;
esac

began=$(date +%s)
mkdir -p "$images" "$kernels" "$debs"
exec 9> "$images/.lock-kernel"
if ! flock -n 9; then
    say "another build is running, waiting for it"
    flock 9
fi
if ! test -d "$final"; then
    work=$images/.kernel-build
    rm -rf "$work"
    mkdir "$work"
    trap 'rm -rf "$work" "$kernels/.build-$kind"' EXIT
    trap 'exit 1' INT TERM HUP
    build
fi
use
say "$images/kernel is $(readlink "$images/kernel")"
