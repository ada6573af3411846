#!/bin/sh
# Install what the lab tests need (engines, a hypervisor, a guest kernel) and is not here yet.
#
# Debian and its kin only. Safe to run again: with everything in place it does nothing. Needs root
# or `sudo -n`; without either, or without a package mirror, it says so and the lab tests skip; with
# ISOAUDIT_LAB=1 it fails. The kernel of the guest is unpacked under .lab/kernel, never installed.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
lab="$here/.lab"
packages="docker.io podman runc busybox-static libvirt-daemon-system libvirt-clients libvirt-dev
 qemu-system-x86 seabios dropbear-bin pkg-config gcc kmod cpio openssh-client iptables
 util-linux bubblewrap firejail lxc systemd-container uidmap"

# Debian's own Python needs its venv module and, for libvirt-python, its headers.
case $(command -v python3 || true) in
    "" | /usr/bin/python3) packages="$packages python3 python3-dev python3-venv" ;;
esac

say() { echo "test-setup: $*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null ||
        { say "not installed:$1. Takes root, or sudo without a password"; return 1; }
}

absent() {
    for package in $packages; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            printf ' %s' "$package"
    done
}

# Debian 13 split the docker command off docker.io; libvirt-python's compiler needs C headers.
extras() {
    command -v docker >/dev/null || ! apt-cache show docker-cli >/dev/null 2>&1 || printf ' docker-cli'
    [ -e /usr/include/stdlib.h ] || printf ' libc6-dev'
}

# Package lists that are missing or older than a day name files the mirror no longer has.
refresh() {
    lists=$(find /var/lib/apt/lists -maxdepth 1 -name '*_InRelease' -mtime -1 2>/dev/null | head -n 1)
    [ -n "$lists" ] || as_root apt-get update -qq >&2
}

# Packages must not start their services: the tests start what they use, and stop it.
no_services() {
    policy=/usr/sbin/policy-rc.d
    [ ! -e $policy ] || return 0
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
}

install_packages() {
    wanted=$(absent)
    [ -n "$wanted" ] || return 0
    may_install "$wanted" || return 1
    refresh || return 1
    wanted="$wanted$(extras)"
    say "installing$wanted"
    no_services || return 1
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $wanted >"$lab/apt.log" 2>&1 ||
        { tail -n 20 "$lab/apt.log" >&2; return 1; }
}

guest_kernel() {
    [ ! -e "$lab/kernel/ready" ] || return 0
    [ "$(dpkg --print-architecture)" = amd64 ] ||
        { say "the guest is built for x86-64 only: tests of virtual machines skip here"; return 0; }
    refresh || return 1
    package=$(apt-cache depends linux-image-cloud-amd64 |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
    [ -n "$package" ] || { say "no linux-image-cloud-amd64 in the package lists"; return 1; }
    rm -rf "$lab/kernel" "$lab/download"
    mkdir -p "$lab/kernel" "$lab/download"
    (cd "$lab/download" && apt-get download -qq -o APT::Sandbox::User=root "$package") &&
        dpkg -x "$lab"/download/*.deb "$lab/kernel" || { say "no guest kernel"; return 1; }
    rm -rf "$lab/download" "$lab"/kernel/boot/System.map-*
    : >"$lab/kernel/ready"
}

command -v apt-get >/dev/null || { say "no apt-get here: install the engines yourself"; exit 0; }
mkdir -p "$lab"
if install_packages && guest_kernel; then exit 0; fi
[ "${ISOAUDIT_LAB:-}" != 1 ]
