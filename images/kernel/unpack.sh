#!/bin/sh
# Takes Debian's cloud kernel out of its package; nothing is installed on this machine.
#   unpack.sh WORK DEBS
# WORK, a folder that exists, gets vmlinuz, version and modules/ with the modules named in the file modules and
# those they need, and modules/order, which is how they are loaded.  DEBS keeps the package.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$1 debs=$2

say() { echo "kernel: $*" >&2; }
die() { say "$*"; exit 1; }

package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -n 1)
test -n "$package" || die "apt knows no package linux-image-cloud-amd64; run apt-get update, or look at its sources"
say "fetching $package"
test -n "$(find "$debs" -name "${package}_*.deb")" ||
    (cd "$debs" && apt-get -q -o APT::Sandbox::User=root download "$package" >&2)
deb=$(find "$debs" -name "${package}_*.deb" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
dpkg-deb -x "$deb" "$work/deb"
version=${package#linux-image-}
mv "$work/deb/boot/vmlinuz-$version" "$work/vmlinuz"
dpkg-deb -W "$deb" > "$work/version"

depmod -b "$work/deb" "$version"
mkdir "$work/modules"
sed 's/#.*//' "$here/modules" > "$work/names"
while read -r name parameters; do
    test -n "$name" || continue
    # "insmod PATH [PARAMETERS]" for each that is needed, "builtin NAME" for what is in the kernel
    modprobe -d "$work/deb" -S "$version" -C /dev/null --show-depends "$name" > "$work/needs" ||
        die "Debian's kernel has no module $name"
    while read -r how path _; do
        file=${path##*/}
        if test "$how" = insmod && ! test -e "$work/modules/$file"; then
            cp "$path" "$work/modules/$file"
            if test "$file" = "$name.ko" && test -n "$parameters"; then
                echo "$file $parameters"
            else
                echo "$file"
            fi
        fi
    done < "$work/needs"
done < "$work/names" > "$work/modules/order"
rm -r "$work/deb" "$work/needs" "$work/names"
