"""Made-up machines below a folder: processes as proc(5) lays them out, for tests of VMMs.

Sources of the layouts: Firecracker docs/jailer.md (chroot BASE/firecracker/ID/root, its own mount
namespace, uid and cgroup), cloud-hypervisor docs, Kata Containers docs/design/virtualization.md.
"""

from __future__ import annotations

import os
from pathlib import Path

from isoaudit.transports.local import LocalFiles

_ROOT = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:5 / /dev rw - devtmpfs dev rw\n"
_KINDS = ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time")


class Tree:
    """A machine whose first process and kernel threads are there; further processes are added."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("proc/sys/kernel/osrelease", "6.1.0\n")
        self.write("proc/self/mountinfo", _ROOT)
        self.write("sys/kernel/security/lsm", "capability")
        self.add(1, ["/sbin/init"], "/sbin/init", parent=0)
        self.add(2, [], "", parent=0, flags=0x00200000)
        self.write("proc/2/task/2/children", "")

    def files(self) -> LocalFiles:
        return LocalFiles(str(self.root))

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)
        return place

    def link(self, path: str, target: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, place)

    def add(
        self, pid: int, words: list[str], exe: str, *, parent: int = 1, flags: int = 0,
        uid: int = 0, seccomp: str = "0", own: tuple[str, ...] = (), mounts: str = _ROOT,
        held: dict[str, str] | None = None, cgroup: str = "0::/\n",
    ) -> None:  # fmt: skip
        """Add a process; `own` are the namespaces it has to itself, `held` its descriptors."""
        folder = f"proc/{pid}"
        zeros = "0 " * 12
        name = exe.rpartition("/")[2][:15]
        self.write(f"{folder}/stat", f"{pid} ({name}) S {parent} 1 1 0 -1 {flags} {zeros}{pid} 0\n")
        caps = "".join(f"{key}:\t0000000000000000\n" for key in ("CapInh", "CapPrm", "CapEff",
                                                                "CapBnd", "CapAmb"))  # fmt: skip
        ids = "\t".join([str(uid)] * 4)
        status = (
            f"Name:\t{name}\nPid:\t{pid}\nThreads:\t1\nUid:\t{ids}\nGid:\t{ids}\nGroups:\t\n{caps}"
            f"NoNewPrivs:\t1\nSeccomp:\t{seccomp}\nSeccomp_filters:\t1\n"
        )
        self.write(f"{folder}/status", status)
        self.write(f"{folder}/task/{pid}/status", status)
        self.write(f"{folder}/task/{pid}/comm", name)
        self.write(f"{folder}/cmdline", "".join(f"{word}\0" for word in words))
        self.write(f"{folder}/cgroup", cgroup)
        self.write(f"{folder}/mountinfo", mounts)
        self.write(f"{folder}/coredump_filter", "00000033\n")
        self.write(f"{folder}/uid_map", "0 0 4294967295\n")
        self.write(f"{folder}/gid_map", "0 0 4294967295\n")
        self.write(f"{folder}/net/unix", "Num RefCount Protocol Flags Type St Inode Path\n")
        self.write(f"{folder}/net/tcp", "head\n")
        self.write(f"{folder}/net/udp", "head\n")
        (self.root / folder / "fd").mkdir()
        if exe:
            self.link(f"{folder}/exe", exe)
            self.link(f"{folder}/root", "/")
        for kind in _KINDS:
            number = 9000 + pid if kind in own else 4026531835
            self.link(f"{folder}/ns/{kind}", f"{kind}:[{number}]")
        for number, target in (held or {}).items():
            self.link(f"{folder}/fd/{number}", target)
            self.write(f"{folder}/fdinfo/{number}", "pos:\t0\nmnt_id:\t22\n")
