"""What a guest is asked: one snippet of POSIX sh for each question, all of them only reading.

They run in busybox's ash and in dash, need nothing installed and no root, and end with status 0
whatever the guest lacks. What they print is read by `answers.py`:

    @ok PATH       can be read; its lines follow as `|LINE`, or, of many one-line files, `PATH:LINE`
    @cut PATH      was longer than what is above
    @closed PATH   is there and may not be read
    @absent PATH   is not there, and its folder could be searched
    @hidden PATH   nobody without more rights can tell
    @end           the last line: an answer without it was cut

Of a secret no more leaves the guest than that it is one: passwords are told as set, locked or
empty, keys as fingerprints, and the machine id as the start of its hash.
"""

from __future__ import annotations

from isoaudit.probes.guest.places import (
    CLOUD_FILES,
    EXISTENCE,
    FOLDERS,
    ONE_LINERS,
    OPTIONS,
    SSHD_FILES,
    SSHD_WORDS,
)

PRELUDE = r"""LC_ALL=C; export LC_ALL; L=16384
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin
for x in cat cut grep head id ls sed sort tr uname; do command -v $x >/dev/null || exit 127; done
m() { sed -e 's/^/|/' -e "$(($1+1)){s,.*,@cut $2,;q;}"; }
s() { if [ -r "$1" ]; then printf '@ok %s\n' "$1"
  elif [ -e "$1" ] || [ -h "$1" ]; then printf '@closed %s\n' "$1"
  else d=$1; while d=${d%/*}; [ -n "$d" ] && ! [ -e "$d" ]; do :; done
    if case $1 in *'*'*) [ -r "${d:-/}" ] ;; *) [ -x "${d:-/}" ] || ( cd "${d:-/}" ) ;; esac
    then printf '@absent %s\n' "$1"
    else printf '@hidden %s\n' "$1"; fi
  fi; }
r() { for f do s "$f"; done; grep -Hs '' "$@" /dev/null | head -c 49152; }
t() { for f do if [ -f "$f" ]; then
    if c=$(head -c $L "$f" 2>/dev/null); then printf '@ok %s\n' "$f"
      printf '%s\n' "$c" | sed 's/^/|/'; [ ${#c} -lt $((L-2)) ] || printf '@cut %s\n' "$f"
    else printf '@closed %s\n' "$f"; fi
  elif [ -e "$f" ]; then printf '@closed %s\n' "$f"; else s "$f"; fi; done; }
l() { for f do if [ -d "$f" ] && [ -r "$f" ] && [ -x "$f" ]; then printf '@ok %s\n' "$f"
    ls -1A "$f" | m 600 "$f"; printf '|\n'
  elif [ -d "$f" ]; then printf '@closed %s\n' "$f"; else s "$f"; fi; done; }
p() { for f do if [ -e "$f" ]; then printf '@ok %s\n' "$f"; ls -ldLn "$f" | sed 's/^/|/'
  else s "$f"; fi; done; }
"""
"""Without what every system has, nothing is asked: no list would be told from an empty one.
m: the first lines, and a mark if there are more. s: a path's state. r: files of one line.
t: texts. l: folders. p: owner and mode."""

_ACCOUNT = "id -u; id -un; id -Gn"

_KERNEL = f"""r {" ".join(ONE_LINERS)}
for f in {" ".join(EXISTENCE)}; do s "$f"; done
l {" ".join(FOLDERS)}
L=8192; t /proc/cpuinfo; L=4096; t /etc/os-release /usr/lib/os-release /proc/cmdline
f=/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c; s $f
[ -r $f ] && {{ printf '|'; tail -c 1 $f | tr '\\000\\001' '01'; echo; }}
:"""

_VULNERABILITIES = """d=/sys/devices/system/cpu/vulnerabilities
l $d; r $d/*"""

_BUILT = f"""k=$(uname -r)
o='^(# )?CONFIG_({"|".join(OPTIONS)})[ =]'
g() {{ s "$1"; if [ -r "$1" ]; then $2 "$1" | grep -E "$o" | sed 's/^/|/'; fi; }}
if [ -r /proc/config.gz ] && command -v zcat >/dev/null; then g /proc/config.gz zcat
else [ -e /proc/config.gz ] && printf '@closed /proc/config.gz\\n' || s /proc/config.gz
g /boot/config-$k cat; g /lib/modules/$k/config cat; fi
:"""

_REBOOT = r"""k=$(uname -r); s /run/reboot-required; s /var/run/reboot-required
l /boot /lib/modules; v=/boot/vmlinuz-$k; s $v
[ -r $v ] && head -c 32768 $v | tr -c ' -~' '\n' | grep -F "$k (" | head -n 1 | sed 's/^/|/'
:"""

_DRIVERS = r"""k=$(uname -r); l /sys/bus/virtio/drivers
r /sys/bus/virtio/devices/*/device /sys/bus/pci/devices/*/vendor /sys/bus/pci/devices/*/device
printf '@ok links\n'
ls -ld /sys/bus/virtio/devices/*/driver /sys/bus/pci/devices/*/driver | head -n 300 | sed 's/^/|/'
printf '|\n'; t /proc/filesystems
n='virtio[-_](net|blk|scsi|gpu|rng|balloon|console|input|pci)|virtiofs|9p|vmw_vsock_virtio_transport'
for m in /lib/modules /usr/lib/modules; do for i in modules.dep modules.builtin; do f=$m/$k/$i
  s $f; [ -r $f ] || continue
  grep -oE "/($n)\.ko[.a-z]*(:|\$)" $f | sort -u | sed 's/^/|/'; printf '|\n'
done; done
:"""

_MOUNTS = r"""f=/proc/self/mounts; s $f
[ -r $f ] && { grep -E ' (9p|virtiofs|vboxsf|vmhgfs|fuse\.vmhgfs-fuse|prl_fs|fuse\.prl_fsd) ' $f |
  m 300 $f; printf '|\n'; }
:"""

_PROCESSES = r"""s /proc/1/comm; printf '@ok names\n'
cat /proc/[0-9]*/comm 2>/dev/null | sort -u | m 2000 names; printf '|\n'; n=0
for q in /proc/[0-9]*; do read -r c <$q/comm || continue
  case $c in sshd|dropbear|qemu-ga|agetty|getty|mingetty) ;; *) continue ;; esac
  a=; read -r a <$q/cmdline; case $a in 'sshd: /'*) ;; 'sshd: '*) continue ;; esac
  [ $n -lt 60 ] || { printf '@more\n'; break; }; n=$((n+1)); printf '@run %s\n' "$c"
  tr '\000' '\n' <$q/cmdline | head -c 2048 | sed 's/^/|/'
done 2>/dev/null
:"""

_AGENT = """t /etc/qemu/qemu-ga.conf; s /dev/virtio-ports/org.qemu.guest_agent.0"""

_VIRTUALIZATION = r"""d=/sys/class/dmi/id
r $d/sys_vendor $d/product_name $d/product_version $d/board_vendor $d/bios_vendor \
  /sys/hypervisor/type /sys/devices/system/clocksource/clocksource0/available_clocksource \
  /run/systemd/container
for f in /.dockerenv /run/.containerenv /proc/xen /proc/device-tree/hypervisor/compatible
do s $f; done; L=4096; t /proc/1/cgroup
[ -z "$container" ] || printf '@container\n'
:"""

_IDENTITY = r"""r /sys/class/dmi/id/product_uuid /sys/devices/system/cpu/present
for f in /sys/class/net/*; do [ -e $f/device ] && r $f/address; done
printf '@ok devices\n|\n'; s /proc/meminfo; head -n 1 /proc/meminfo | sed 's/^/|/'
f=/etc/machine-id; s $f; [ -r $f ] && [ -s $f ] && sha256sum <$f | cut -c 1-24 | sed 's/^/|/'
:"""

_ENTROPY = r"""r /sys/class/misc/hw_random/rng_current; s /sys/bus/acpi/devices
printf '@ok generation\n'; grep -Hs -iE 'VM_?GEN|QEMUVGID' /sys/bus/acpi/devices/*/modalias \
  /sys/bus/acpi/devices/*/hid | head -n 5 | sed 's/^/|/'; printf '|\n'"""

# chronyc without -h makes itself a socket in /run/chrony if root asks.
_CLOCK = r"""s /run/systemd/timesync/synchronized; r /sys/class/ptp/*/clock_name
printf '@ok kernel\n'; busybox adjtimex 2>/dev/null | grep status: | sed 's/^/|/'
printf '@ok chrony\n'; command -v chronyc >/dev/null && chronyc -n -h 127.0.0.1 tracking |
  grep '^Leap' | sed 's/^/|/'
:"""

_VSOCK = r"""for f in /dev/vsock /sys/module/vmw_vsock_virtio_transport /sys/module/hv_sock \
  /sys/module/vmw_vsock_vmci_transport /sys/module/vsock_diag; do s $f; done
printf '@ok listeners\n'; [ -e /sys/module/vsock_diag ] && command -v ss >/dev/null &&
  ss -Hl --vsock && printf '@complete\n'
:"""

_CONFIDENTIAL = r"""for f in /dev/sev-guest /dev/tdx_guest /dev/tdx-guest; do s $f; done
printf '@ok messages\n'
m='Memory Encryption Features active|^[^:]*tdx: Guest detected|Linux version|Secure Execution'
dmesg 2>/dev/null | grep -E "$m" | head -n 6 | cut -c 1-200 | sed 's/^/|/'
:"""

_DISKS = r"""r /sys/block/dm-*/dm/uuid /sys/block/dm-*/dm/name
c() { case $(head -c 6 "$1/dm/uuid" 2>/dev/null) in CRYPT-) printf '@root crypt\n' ;; esac
  for i in "$1"/slaves/*; do [ ! -e "$i" ] || ( c "$i" ); done; }
R=; while read -r a b v o m e; do [ "$m" = / ] && R=$v; done </proc/self/mountinfo
if [ -n "$R" ] && [ -e /sys/dev/block/$R ]; then printf '@root device\n'; c /sys/dev/block/$R
else printf '@root none\n'; fi"""

_ENGINES = r"""l /run/user; for f in /run/docker.sock /run/podman/podman.sock \
  /run/containerd/containerd.sock /run/k3s/containerd/containerd.sock /run/crio/crio.sock \
  /run/user/*/docker.sock /run/user/*/podman/podman.sock
do if [ -S "$f" ]; then printf '@ok %s\n' "$f"; else s "$f"; fi; done"""

_CLOUD = f"""p {" ".join(CLOUD_FILES)}"""

_LOGINS = r"""printf '@ok autologin\n'
grep -lsE -- '^[^#]*(--autologin|agetty.* -a )' /etc/systemd/system/*getty*.d/*.conf \
  /etc/systemd/system/*getty*.service /run/systemd/system/*getty*.d/*.conf \
  /usr/lib/systemd/system/*getty*.d/*.conf /etc/inittab /etc/init/*.conf | sed 's/^/|/'
grep -lsiE '^ *(AutomaticLoginEnable *= *true|autologin-user *= *[^ ])' /etc/gdm*/custom.conf \
  /etc/lightdm/lightdm.conf /etc/lightdm/lightdm.conf.d/*.conf | sed 's/^/|/'
grep -sE '^[^#]*:(respawn|once|askfirst):-?/bin/(a|ba|da)?sh' /etc/inittab |
  sed 's/.*/|\/etc\/inittab/'; printf '|\n'
s /etc/inittab; s /etc/passwd; s /etc/shadow
w() { while IFS=: read -r u p e; do case $p in '') printf '@empty %s\n' "$u" ;; esac
  [ "$u" = root ] && case $p in x) ;; '') printf '@root empty\n' ;;
    '!'*|'*'*) printf '@root locked\n' ;; *) printf '@root set\n' ;; esac; done <"$1"; }
[ -r /etc/passwd ] && w /etc/passwd; [ -r /etc/shadow ] && w /etc/shadow
:"""

_SSHD = f"""L=32768; t {" ".join(SSHD_FILES)}
b=$(command -v sshd) && printf '@program %s\\n' "$b"
if [ -n "$b" ] && [ "$(id -u)" = 0 ]; then o=$("$b" -T 2>/dev/null) && {{ printf '@ok sshd-T\\n'
  printf '%s\\n' "$o" | grep -iE '^({"|".join(SSHD_WORDS)}) ' | sed 's/^/|/'; }}; fi
:"""

_KEYS = r"""k() { grep -v '^[[:space:]]*#' "$1" | grep -oE \
  '(ssh-[a-z0-9]+|ecdsa-sha2-[a-z0-9]+|sk-[a-z0-9@.-]+) +AAAA[A-Za-z0-9+/]+=*' | head -n 40 |
  while read -r y b; do h=$(printf %s "$b" | base64 -d 2>/dev/null | sha256sum | cut -d ' ' -f 1)
  printf '|key %s %s\n' "$y" "$h"; done; }
s /etc/ssh
for f in /etc/ssh/ssh_host_*_key.pub; do [ -r "$f" ] && { printf '@host %s\n' "$f"; k "$f"; }; done
a() { if [ -r "$3" ] && [ -f "$3" ]; then printf '@login %s %s %s\n' "$1" "$2" "$3"
  ls -ldLn "$3" | sed 's/^/|file /'; ls -ldLn "${3%/*}" | sed 's/^/|folder /'; k "$3"
  else s "$3"; fi; }
s /etc/passwd; n=0; T=' '
while IFS=: read -r u x i g e h z; do
  case $z in */nologin|*/false) continue ;; esac
  case $T in *" $h "*) continue ;; esac; T="$T$h "
  [ $n -lt 200 ] || { printf '@cut /etc/passwd\n'; break; }; n=$((n+1)); h=${h%/}
  a "$u" "$i" "$h/.ssh/authorized_keys"; a "$u" "$i" "$h/.ssh/authorized_keys2"
  for f in "$h"/.ssh/id_*; do case $f in *.pub|*'*') continue ;; esac
    [ -e "$f.pub" ] || printf '@bare %s %s\n' "$u" "$f"; done
  [ ! -d "$h/.ssh" ] || [ -r "$h/.ssh" ] || printf '@closed %s\n' "$h/.ssh"
  for f in "$h"/.ssh/*.pub; do [ -r "$f" ] && [ -e "${f%.pub}" ] && {
    printf '@own %s %s\n' "$u" "$f"; k "$f"; }; done
done </etc/passwd
a root 0 /etc/dropbear/authorized_keys"""

_FIREWALL = r"""[ "$(id -u)" = 0 ] || { printf '@closed rules\n'; exit 0; }
r /proc/net/ip_tables_names /proc/net/ip6_tables_names
s /sys/module/nf_tables; command -v nft >/dev/null && printf '@tool nft\n'
if [ -e /sys/module/nf_tables ] && command -v nft >/dev/null; then
  L=32768; c=$(nft list ruleset | head -c $L); printf '@ok nft\n'; printf '%s\n' "$c" | sed 's/^/|/'
  [ ${#c} -lt $((L-2)) ] || printf '@cut nft\n'; fi
for v in ip:iptables ip6:ip6tables; do grep -qs filter /proc/net/${v#*:}_names ||
  grep -qs filter /proc/net/${v%%:*}_tables_names || continue
  c=$(${v#*:}-legacy -S INPUT 2>/dev/null || ${v#*:} -S INPUT) && {
  printf '@ok legacy-%s\n' "${v%%:*}"; printf '%s\n' "$c" | head -n 200 | sed 's/^/|/'; }; done
:"""

_SUDO = r"""command -v sudo >/dev/null || { printf '@absent sudo\n'; exit 0; }
o=$(sudo -n -l 2>/dev/null) || { printf '@refused sudo\n'; exit 0; }
printf '@ok sudo\n'; printf '%s\n' "$o" | head -c 8192 | sed 's/^/|/'"""

_METADATA = r"""unset http_proxy HTTP_PROXY all_proxy ALL_PROXY; u=http://169.254.169.254/
if command -v curl >/dev/null; then curl -s -m 3 -o /dev/null $u
  case $? in 0|52|56) printf '@answers\n' ;; 7|28) printf '@silent\n' ;;
    *) printf '@failed curl\n' ;; esac
elif command -v wget >/dev/null; then o=$(wget -q -T 3 -O /dev/null $u 2>&1); e=$?
  case "$e $o" in '0 '*|'6 '*|'8 '*|*HTTP/*|*'server returned'*) printf '@answers\n' ;;
    '4 '*|*'timed out'*|*unreachable*|*refused*|*connect*) printf '@silent\n' ;;
    *) printf '@failed wget\n' ;; esac
else printf '@absent curl\n'; fi"""

_ALWAYS = {
    "account": _ACCOUNT,
    "kernel": _KERNEL,
    "vulnerabilities": _VULNERABILITIES,
    "built": _BUILT,
    "reboot": _REBOOT,
    "drivers": _DRIVERS,
    "mounts": _MOUNTS,
    "processes": _PROCESSES,
    "agent": _AGENT,
    "virtualization": _VIRTUALIZATION,
    "identity": _IDENTITY,
    "entropy": _ENTROPY,
    "clock": _CLOCK,
    "vsock": _VSOCK,
    "confidential": _CONFIDENTIAL,
    "disks": _DISKS,
    "engines": _ENGINES,
    "cloud": _CLOUD,
    "logins": _LOGINS,
    "sshd": _SSHD,
    "keys": _KEYS,
    "firewall": _FIREWALL,
}

_DEEP = {"sudo": _SUDO, "metadata": _METADATA}
"""What leaves a trace: sudo may write a line into a log, and the other sends a packet."""

NAMES = (*_ALWAYS, *_DEEP)


def questions(*, deep: bool = False) -> dict[str, str]:
    """Return the questions by name; with `deep` also those that leave a trace in the guest."""
    asked = {**_ALWAYS, **_DEEP} if deep else _ALWAYS
    return {
        # A shell that dies in the middle, as where no process can be started, gives no last line.
        name: f"{PRELUDE}({snippet}\n:\n) && printf '\\n@end\\n'\n"
        for name, snippet in asked.items()
    }
