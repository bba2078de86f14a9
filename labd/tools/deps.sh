#!/bin/sh
# Installs what is missing for the given purposes from Debian's packages.  Quick when all is there.
# usage: deps.sh build|run|image|kernel|xen|web|test|bench...
set -eu

need=
for purpose in "$@"; do
	case $purpose in
	build) need="$need gcc make pkg-config libc6-dev libxml2-dev libmicrohttpd-dev libwslay-dev libsqlite3-dev
		libjansson-dev libcurl4-openssl-dev libssl-dev libsodium-dev libpcap-dev libcmark-gfm-dev libcmark-gfm-extensions-dev uthash-dev
		libyaml-dev libarchive-dev zlib1g-dev libxen-dev scdoc" ;;
	run) need="$need openvswitch-switch crun iproute2 nftables ethtool tcpdump procps util-linux passwd frr" ;;
	image) need="$need musl-tools mmdebstrap squashfs-tools fakeroot gcc libc6-dev make" ;;
	# The small guest kernel, compiled, and what a Xen guest boots from with it.
	kernel) need="$need linux-source-6.1 flex bison bc libelf-dev libssl-dev patch xz-utils cpio zstd kmod e2fsprogs
		gcc make musl-tools libxen-dev" ;;
	# The machine in QEMU that Xen runs on.
	xen) need="$need qemu-system-x86 openssh-client mmdebstrap e2fsprogs kmod gzip" ;;
	test) need="$need ccache libcmocka-dev clang libclang-rt-14-dev clang-tidy clang-format cppcheck shellcheck
		libxml2-utils trang chromium curl sqlite3 iputils-ping nftables dnsmasq-base busybox git file" ;;
	bench) need="$need mininet bridge-utils shellinabox python3" ;;
	web)
		# Any Node.js from 18 on will do; Debian's is taken only where there is none.
		if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
			need="$need nodejs npm"
		fi
		;;
	*) echo "deps.sh: no purpose is called '$purpose'" >&2; exit 2 ;;
	esac
done

missing=
for p in $need; do
	s=$(dpkg-query -W -f='${Status}' "$p" 2>/dev/null || true)
	[ "$s" = "install ok installed" ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "deps.sh: these packages are missing, and only root can install them:$missing" >&2
	exit 1
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Policy 101: packages with a service (Open vSwitch) must not start it behind our back.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	made=1
fi
trap '[ -z "$made" ] || rm -f $policy' EXIT INT TERM
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 $missing >/dev/null
# FRR is started by checks of routing protocols, in namespaces; the machine itself is to be no router at its next boot.
case "$missing " in
*" frr "*) ! command -v systemctl >/dev/null || systemctl --quiet disable frr.service >/dev/null 2>&1 || true ;;
esac
