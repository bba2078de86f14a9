#!/bin/sh
# Last step of the image: our own files in, what no student needs out, privileges off.
#   customize.sh ROOT RECIPE PROGRAMS
# PROGRAMS is the folder with the compiled lab-init, capfit.so and libicudata.so.
set -eu
root=$1 recipe=$2 programs=$3

purge() {
    sed '/^#/d' "$recipe/purge" | while read -r p; do
        DEBIAN_FRONTEND=noninteractive chroot "$root" dpkg --purge --force-depends --force-remove-essential \
            --force-remove-protected "$p" > "$root/purge.log" 2>&1 < /dev/null || { cat "$root/purge.log" >&2; exit 1; }
    done
    rm "$root/purge.log"
}

# libxml2, which named writes its statistics with, wants ICU, whose tables are 30 MB.  With tables that
# are empty libxml2 still knows UTF-8, UTF-16, ASCII and Latin-1 by itself.
shrink_icu() {
    for f in "$root"/usr/lib/*/libicudata.so.*.*; do
        test -f "$f" || continue
        install -m 644 "$programs/libicudata.so" "$f"
    done
}

# A guest has one user, root, and no way to another one; programs get their rights from it alone.
drop_privileges() {
    find "$root" -xdev -type f -perm /6000 -exec chmod ug-s {} +
    chroot "$root" getcap -r /usr | while read -r f _; do
        chroot "$root" setcap -r "$f"
    done
}

own_files() {
    tar -C "$recipe/files" --owner=0 --group=0 --mode=u=rwX,go=rX -c . | tar -C "$root" --no-overwrite-dir -x
    install -m 755 "$programs/lab-init" "$root/sbin/lab-init"
    install -m 644 "$programs/capfit.so" "$root/usr/lib/lab/capfit.so"
    chmod 644 "$root/etc/hostname" "$root/etc/resolv.conf"
    chroot "$root" chown -R frr:frr /etc/frr
    # /root/.bashrc loads it when it is wanted.
    rm "$root/etc/profile.d/bash_completion.sh"
    # One worker, however many cores the host has.
    sed -i 's/^worker_processes auto;/worker_processes 1;/' "$root/etc/nginx/nginx.conf"
    sed -i 's/^OPTIONS=.*/OPTIONS="-u bind -n 1"/' "$root/etc/default/named"
}

strip() {
    rm -rf "$root"/run/*
    mkdir -p "$root/run/lab" "$root/run/lock"
    rm -rf "$root"/var/cache/debconf "$root"/var/cache/ldconfig "$root"/var/lib/pam \
        "$root"/etc/*- "$root"/etc/cron.* "$root"/etc/logrotate.d "$root"/usr/share/perl5 "$root"/usr/lib/systemd
    # Word lists and vendor tables of nmap's scripts (5 MB); scans, -sV, -O and most scripts work without.
    find "$root/usr/share/nmap/nselib/data" -type f ! -name '*.lua' -delete
    # Enough stays for "dpkg -l" and "dpkg -L".
    find "$root/var/lib/dpkg/info" -type f ! -name '*.list' -delete
    rm -f "$root"/var/lib/dpkg/*-old
}

purge
shrink_icu
drop_privileges
own_files
strip
chroot "$root" ldconfig
rm -rf "$root/var/cache/ldconfig"
chroot "$root" makewhatis /usr/share/man
