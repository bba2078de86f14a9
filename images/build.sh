#!/bin/sh
# Builds the guest image from Debian packages, or does nothing when it is there already.
#
#   images/build.sh           build if needed, then point images/base at the result
#   images/build.sh --print   print the folder that belongs to this recipe, build nothing
#   images/build.sh --prune   remove images of older recipes that nothing has mounted
#
# The result is $LABD_CACHE/images/base-HASH, where HASH covers everything that shapes the image:
#   root/           the tree, with real ownership; shared by all guests, never written to
#   root.squashfs   the same for a block device (Xen)
#   packages.txt    what is in it: package and version
#   size.txt        bytes of the tree and of the squashfs
# It is built beside its final place and renamed, so it is there completely or not at all.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=$(realpath -m "${LABD_CACHE:-/var/cache/labd}")
images=$cache/images
debs=$cache/apt

say() { echo "image: $*" >&2; }
die() { say "$*"; exit 1; }

# Everything that shapes the image, in an order that does not depend on the machine.
recipe_hash() {
    (cd "$here" && find build.sh Makefile programs.mk recipe init -type f -o -type l |
        LC_ALL=C sort | while read -r f; do sha256sum "$f"; test ! -x "$f" || echo x; done) |
        sha256sum | cut -c1-12
}

# The machine's own Debian sources in one-line form; other origins are left out.
debian_sources() {
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' "Architecture: $(dpkg --print-architecture)" |
        awk '$3 ~ /^bookworm/' | sort -u
}

# The machine's proxy and age settings, which mmdebstrap's apt does not read by itself.
apt_options() {
    apt-config dump | grep -E '^(Acquire::(http|https|Retries|Check-Valid-Until|Check-Date|ForceIPv4))' |
        grep -v ' "";$' || true
}

use() {
    ln -sfn "base-$hash" "$images/.base.$$"
    mv -T "$images/.base.$$" "$images/base"
}

prune() {
    for old in "$images"/base-*; do
        test -d "$old" || continue
        test "$old" != "$final" || continue
        if grep -qsF "/${old##*/}/" /proc/[0-9]*/mountinfo; then
            say "$old is in use, kept"
        else
            say "removing $old"
            rm -rf --one-file-system "$old"
        fi
    done
}

build() {
    for tool in mmdebstrap mksquashfs gcc make apt-get unshare; do
        command -v "$tool" > /dev/null || die "$tool is not installed; install the packages mmdebstrap," \
            "squashfs-tools, make, gcc, libc6-dev and musl-tools, then run this again"
    done
    test "$(id -u)" = 0 || die "building the image needs root"
    debian_sources > "$work/sources"
    if ! test -s "$work/sources"; then
        say "reading the package lists"
        apt-get update -q >&2
        debian_sources > "$work/sources"
    fi
    test -s "$work/sources" || die "this machine's apt configuration has no source for Debian 12"
    apt_options > "$work/apt.conf"

    say "compiling its own programs"
    make -s -C "$here" OUT="$work/programs" programs >&2

    say "installing packages"
    # A mount namespace of its own: whatever happens, no mount stays behind.
    unshare --mount --propagation private \
        mmdebstrap --mode=root --variant=essential --format=directory \
        --include="$(sed 's/#.*//' "$here/recipe/packages" | tr -s ' \n' ,)" \
        --aptopt="$work/apt.conf" --aptopt='APT::Sandbox::User "root"' \
        --aptopt='Acquire::Languages "none"' --dpkgopt="$here/recipe/dpkg.cfg" \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --skip=essential/unlink,cleanup/run \
        --setup-hook="mkdir -p \"\$1/var/cache/apt/archives\" && find '$debs' -name '*.deb' -exec cp -l -t \"\$1/var/cache/apt/archives\" {} +" \
        --customize-hook="find \"\$1/var/cache/apt/archives\" -name '*.deb' -exec cp -lnu -t '$debs' {} +" \
        --customize-hook="'$here/recipe/customize.sh' \"\$1\" '$here/recipe' '$work/programs'" \
        '' "$work/root" "$work/sources" >&2

    dpkg-query --admindir="$work/root"/var/lib/dpkg -W -f '${Package} ${Version}\n' > "$work/packages.txt"
    say "packing the squashfs"
    mksquashfs "$work/root" "$work/root.squashfs" -comp zstd -Xcompression-level 15 -noappend -quiet \
        -no-progress >&2
    printf 'tree %s\nsquashfs %s\n' "$(du -sB1 "$work/root" | cut -f1)" \
        "$(stat -c %s "$work/root.squashfs")" > "$work/size.txt"
    rm -rf "$work/sources" "$work/apt.conf" "$work/programs"
    chmod 755 "$work"
    mv -T "$work" "$final"
    say "built $final: $(tr '\n' ' ' < "$final/size.txt")bytes, in $(($(date +%s) - began)) s"
}

hash=$(recipe_hash)
final=$images/base-$hash
case ${1:-} in
--print) echo "$final"; exit 0 ;;
--prune) prune; exit 0 ;;
'') ;;
*) echo "usage: $0 [--print | --prune]" >&2; exit 2 ;;
esac

began=$(date +%s)
mkdir -p "$images" "$debs"
exec 9> "$images/.lock"
if ! flock -n 9; then
    say "another build is running, waiting for it"
    flock 9
fi
if ! test -d "$final"; then
    rm -rf --one-file-system "$images"/.build-* # of a build that was killed
    work=$images/.build-$$
    mkdir "$work"
    trap 'rm -rf --one-file-system "$work"' EXIT
    trap 'exit 1' INT TERM HUP
    build
fi
use
say "$images/base is $final"
