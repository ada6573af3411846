#!/bin/sh
# Make a virtual environment with isoaudit in it: tools/make-venv.sh FOLDER [EXTRA]
#
# libvirt-python has no wheel: it joins where a compiler and libvirt's headers are, and is left out,
# with one line, where they are not. With the extra "test" and ISOAUDIT_LAB=1 it must join.
set -eu

venv=$1
extra=${2:-}
here=$(cd "$(dirname "$0")/.." && pwd)

say() { echo "setup: $*" >&2; }

if ldd --version 2>&1 | grep -qi musl; then
    say "this is musl libc: the CEL library has wheels for glibc only; use a glibc-based system"
    exit 1
fi

find_python() {
    for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$name" ] && command -v "$name" >/dev/null || continue
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
        then
            echo "$name"
            return
        fi
    done
    say "Python 3.11 or newer with its venv module is needed (Debian: python3-venv)"
    exit 1
}

[ -x "$venv/bin/python" ] || "$(find_python)" -m venv "$venv"

install() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }

install -e "$here${extra:+[$extra]}"
if "$venv/bin/python" -c 'import libvirt' 2>/dev/null; then
    exit 0
fi
if install "$(sed -n 's/^vm = \["\(.*\)"\]/\1/p' "$here/pyproject.toml")" 2>"$venv/libvirt.log"; then
    exit 0
fi
say "libvirt-python could not be built here (see $venv/libvirt.log): VMs of libvirt stay unseen."
say "It needs a compiler, pkg-config and libvirt's headers (Debian: gcc pkg-config libvirt-dev)."
if [ "$extra" = test ] && [ "${ISOAUDIT_LAB:-}" = 1 ]; then
    exit 1
fi
