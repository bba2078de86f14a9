#!/bin/sh
# Builds the parts of a Xen host that runs in QEMU from Debian packages, or does nothing when they are there.
#
#   images/xenhost/build.sh           build if needed
#   images/xenhost/build.sh --print   print the folder that belongs to this recipe, build nothing
#
# The result is $LABD_CACHE/xenhost/dom0-HASH, where HASH covers everything that shapes it:
#   dom0.img        ext4, sparse: dom0's root; never written to
#   xen             the hypervisor, as QEMU loads it
#   vmlinuz initrd  dom0's kernel, and an initramfs that mounts the root
#   key known_hosts what the machine is reached with by ssh; useless elsewhere
# It is built beside its final place and renamed, so it is there completely or not at all.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=$(realpath -m "${LABD_CACHE:-/var/cache/labd}")
place=$cache/xenhost
debs=$cache/apt

say() { echo "xenhost: $*" >&2; }
die() { say "$*"; exit 1; }

recipe_hash() {
    (cd "$here" && find build.sh packages modules initrd files ../recipe/dpkg.cfg -type f |
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

# Puts a package's contents into a folder: unpack PACKAGE FOLDER.  No scripts run.
unpack() {
    file=$(apt-cache show --no-all-versions "$1" |
        awk '/^Version:/ {v = $2; gsub(":", "%3a", v)} /^Architecture:/ {a = $2} END {print v "_" a ".deb"}')
    (cd "$debs" && apt-get download -qq -o APT::Sandbox::User=root "$1" >&2)
    dpkg-deb -x "$debs/$1_$file" "$2"
}

kernel() {
    image=$(apt-cache depends linux-image-amd64 | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ {print $2}')
    unpack "$image" "$work/kernel"
    unpack xen-hypervisor-4.17-amd64 "$work/hypervisor"
    gunzip -c "$work"/hypervisor/boot/xen-*.gz > "$work/xen"
    version=${image#linux-image-}
    cp "$work/kernel/boot/vmlinuz-$version" "$work/vmlinuz"
    modules=$work/kernel/lib/modules/$version
    kept=$work/root/lib/modules/$version
    mkdir -p "$kept"
    cp "$modules"/modules.order "$modules"/modules.builtin* "$kept"
    sed 's/#.*//' "$here/modules" | while read -r path; do
        test -n "$path" || continue
        (cd "$modules" && eval "cp -r --parents kernel/$path $kept")
    done
    depmod -b "$work/root" "$version"

    mkdir -p "$work/initramfs/bin" "$work/initramfs/modules" "$work/initramfs/dev" "$work/initramfs/root"
    cp "$here/initrd" "$work/initramfs/init"
    cp "$work/root/bin/busybox" "$work/initramfs/bin/busybox"
    for m in virtio_pci virtio_blk ext4; do
        modprobe -d "$work/root" -S "$version" --show-depends "$m"
    done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r path; do
        cp "$path" "$work/initramfs/modules"
        basename "$path"
    done > "$work/order"
    mv "$work/order" "$work/initramfs/modules/order"
    (cd "$work/initramfs" && find . | "$work/root/bin/busybox" cpio -H newc -o > "$work/initrd" 2> /dev/null)
    rm -rf "$work/kernel" "$work/hypervisor" "$work/initramfs"
}

customize() {
    root=$work/root
    cp -r "$here/files/." "$root"
    chmod 755 "$root"/usr/lib/xenhost/*
    mkdir -p "$root/state" "$root/var/lib/labd" "$root/var/lib/openvswitch" "$root/var/cache/labd/images" \
        "$root/etc/dropbear" "$root/proc/xen" "$root/var/log/openvswitch"
    install -d -m 700 "$root/root/.ssh"
    ssh-keygen -q -t ed25519 -N '' -C xenhost -f "$work/key"
    install -m 600 "$work/key.pub" "$root/root/.ssh/authorized_keys"
    chroot "$root" dropbearkey -t ed25519 -f /etc/dropbear/key | awk '/^ssh-/ {print "xenhost", $1, $2}' \
        > "$work/known_hosts"
    rm -f "$work/key.pub"
    for p in poweroff halt reboot; do ln -sf /usr/lib/xenhost/poweroff "$root/sbin/$p"; done
    rm -rf "$root"/var/cache/apt "$root"/var/lib/apt/lists/* "$root"/usr/share/doc "$root"/usr/share/man
}

build() {
    for tool in mmdebstrap apt-get unshare mke2fs ssh-keygen depmod; do
        command -v "$tool" > /dev/null || die "$tool is not installed; run labd/tools/deps.sh xen image"
    done
    test "$(id -u)" = 0 || die "building the machine needs root"
    debian_sources > "$work/sources"
    if ! test -s "$work/sources"; then
        say "reading the package lists"
        apt-get update -q >&2
        debian_sources > "$work/sources"
    fi
    test -s "$work/sources" || die "this machine's apt configuration has no source for Debian 12"
    apt_options > "$work/apt.conf"

    say "installing packages"
    # A mount namespace of its own: whatever happens, no mount stays behind.
    unshare --mount --propagation private \
        mmdebstrap --mode=root --variant=essential --format=directory \
        --include="$(sed 's/#.*//' "$here/packages" | tr -s ' \n' ,)" \
        --aptopt="$work/apt.conf" --aptopt='APT::Sandbox::User "root"' \
        --aptopt='Acquire::Languages "none"' --dpkgopt="$here/../recipe/dpkg.cfg" \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --skip=essential/unlink,cleanup/run \
        --setup-hook="mkdir -p \"\$1/var/cache/apt/archives\" && find '$debs' -name '*.deb' -exec cp -l -t \"\$1/var/cache/apt/archives\" {} +" \
        --customize-hook="find \"\$1/var/cache/apt/archives\" -name '*.deb' -exec cp -lnu -t '$debs' {} +" \
        '' "$work/root" "$work/sources" >&2
    kernel
    customize
    say "making the disk"
    mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1,nodiscard -m 0 -d "$work/root" "$work/dom0.img" 3G > /dev/null
    rm -rf "$work/root" "$work/sources" "$work/apt.conf"
    chmod 755 "$work"
    mv -T "$work" "$final"
    say "built $final: $(du -sh "$final" | cut -f1), in $(($(date +%s) - began)) s"
}

hash=$(recipe_hash)
final=$place/dom0-$hash
case ${1:-} in
--print) echo "$final"; exit 0 ;;
'') ;;
*) echo "usage: $0 [--print]" >&2; exit 2 ;;
esac

began=$(date +%s)
mkdir -p "$place" "$debs"
exec 9> "$place/.lock"
if ! flock -n 9; then
    say "another build is running, waiting for it"
    flock 9
fi
if ! test -d "$final"; then
    rm -rf --one-file-system "$place"/.build-* # of a build that was killed
    work=$place/.build-$$
    mkdir "$work"
    trap 'rm -rf --one-file-system "$work"' EXIT
    trap 'exit 1' INT TERM HUP
    build
fi
