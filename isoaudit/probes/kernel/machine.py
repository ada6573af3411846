"""What of this machine several sandboxes are compared with: read once, kept for one run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from isoaudit.model import Reason
from isoaudit.probes.base import new_kin
from isoaudit.probes.kernel.accounts import Accounts
from isoaudit.probes.kernel.census import Census, container_folders, container_ids
from isoaudit.probes.kernel.engine_sockets import ControlSocket, control_sockets
from isoaudit.probes.kernel.filtering import FilterReader
from isoaudit.probes.kernel.mountinfo import TABLE_LIMIT, Layout, Table, renumbered
from isoaudit.transports import Files, Unreadable
from isoaudit.transports.base import DeviceNode, FileStat
from isoaudit.transports.host_root import HostFiles
from isoaudit.transports.ptrace import Filters

_Thing = TypeVar("_Thing")

_MOST_KIN = 1024

_MOST_LINES = 65_536  # of mount tables kept at a time, so that memory stays flat: about 90 MB

_OF_ENGINES = ("/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/run/.containerenv")

_NO_KERNEL_FILES = frozenset({"tmpfs", "overlay", "ext4", "xfs", "btrfs", "rootfs", "squashfs"})
"""File systems below which an absent file of /proc or /sys says nothing of the kernel."""

_MOST_LEVELS = 33  # user namespaces nest 32 deep (user_namespaces(7))


class Machine:
    """The initial namespaces, the host's mounts, the active LSM, and everyone who is there.

    `loaded` reads seccomp filters, which stops a process for an instant: None where that is not
    wanted.
    """

    def __init__(self, files: Files, loaded: Filters | None = None) -> None:
        self.files = files
        self.filters = FilterReader(files, loaded)
        self.census = Census(files)
        self._initial: dict[str, str | Unreadable] = {}
        self._lacking: dict[str, bool | Unreadable] = {}
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._lines = 0
        self._alike: dict[object, tuple[Any, int]] = {}
        self._once: dict[object, tuple[Any]] = {}
        self._seen: dict[str, FileStat | Unreadable] = {}
        self.firsts: dict[int, object] = {}
        """The first process of every sandbox, once they have been compared with each other."""
        self.kept: dict[object, Any] = {}
        """What was found once and holds for several sandboxes, under keys of those who found it."""

    @property
    def pids(self) -> list[int]:
        """Every pid that /proc lists; raises Unreadable."""
        return self.census.pids

    @cached_property
    def own_ids(self) -> frozenset[str]:
        """The ids of the container isoaudit itself runs in, empty outside of one.

        By its control groups, or where a namespace hides their paths by the files that engines
        mount into every container from a folder named for it. Who joined another's network has
        that one's files: an id whose processes see other mounts is not its own.
        """
        found = container_ids(self._text("/proc/self/cgroup"))
        if found:
            return frozenset(found)
        for mount in self.own_mounts.mounts:
            if mount.point in _OF_ENGINES:
                found |= container_ids(mount.root)
        return frozenset(name for name in found if not self._is_anothers(name))

    def _is_anothers(self, name: str) -> bool:
        """Say whether a container's processes are seen to have other mounts than isoaudit."""
        try:
            own = self.files.read_link("/proc/self/ns/mnt")
            pids = self.containers.get(name, [])
        except Unreadable:
            return False
        links = [self.census.everyone[pid].links["mnt"] for pid in pids]
        return any(isinstance(link, str) and link != own for link in links)

    @cached_property
    def accounts(self) -> Accounts:
        """The accounts and groups of the host."""
        others = bool(self.own_ids) and not isinstance(self.files, HostFiles)
        return Accounts(self.files, inside=others)

    @cached_property
    def containers(self) -> dict[str, list[int]]:
        """`{container id: its pids}` by what the processes' cgroup paths name; raises Unreadable.

        A container in a container has two ids in its path and is found under both.
        """
        found: dict[str, list[int]] = {}
        for one in self.census.everyone.values():
            for name in container_ids(one.cgroup):
                found.setdefault(name, []).append(one.pid)
        return found

    @cached_property
    def mounts(self) -> Table:
        """The host's mount table: pid 1's, else the one isoaudit itself sees; raises Unreadable."""
        try:
            return Table(self.files.read_text("/proc/1/mountinfo", TABLE_LIMIT))
        except Unreadable:
            return Table(self.files.read_text("/proc/self/mountinfo", TABLE_LIMIT))

    def layout(self, text: str) -> tuple[Layout, frozenset[str]]:
        """Return the layout of a mount table, and the numbers that its mounts have."""
        lines, numbers = renumbered(text)
        known = self._layouts.get(lines)
        if known is None:
            if self._lines + len(lines) > _MOST_LINES:
                self._layouts.clear()
                self._lines = 0
            known = self._layouts[lines] = Layout(lines)
            self._lines += len(lines)
        return known, numbers

    def new_kin(self) -> int:
        """Return a number for a part that others will share as it is."""
        return new_kin()

    def alike(self, key: object, thing: _Thing) -> tuple[_Thing, int]:
        """Return the first thing that came under a key, and the number of the key: `Part.kin`."""
        if len(self._alike) >= _MOST_KIN:
            self._alike.clear()  # numbers go on, so that none comes to mean another key
        known = self._alike.get(key)
        if known is None:
            known = self._alike[key] = (thing, new_kin())
        first: _Thing = known[0]
        return first, known[1]

    def once(self, key: object, work: Callable[[], _Thing]) -> _Thing:
        """Return what `work` comes to, done once for all sandboxes that have the same key.

        The key holds all that the result rests on. Of very many results the older are dropped.
        """
        known: tuple[_Thing] | None = self._once.get(key)
        if known is None:
            if len(self._once) >= _MOST_KIN:
                self._once.clear()
            known = self._once[key] = (work(),)  # whole, for other threads look there meanwhile
        return known[0]

    def stat(self, path: str) -> FileStat:
        """Return what a path of the host is, looked at once a run; raises Unreadable."""
        known = self._seen.get(path)
        if known is None:
            try:
                known = self.files.stat(path)
            except Unreadable as error:
                known = error
            self._seen[path] = known
        if isinstance(known, Unreadable):
            raise known
        return known

    @cached_property
    def own_mounts(self) -> Table:
        """The mount table isoaudit itself sees, which says where /proc and cgroups are."""
        return Table(self._text("/proc/self/mountinfo", TABLE_LIMIT))

    @cached_property
    def hides_processes(self) -> bool:
        """Whether /proc hides other users' processes (hidepid of proc(5)): absence is no proof."""
        proc = self.own_mounts.at("/proc")
        options = proc.options | proc.super_options if proc else frozenset()
        return any(
            o.startswith("hidepid=") and o not in {"hidepid=0", "hidepid=off"} for o in options
        )

    @cached_property
    def lsm(self) -> str:
        """The active module that labels processes: apparmor, selinux, other, or "" for none.

        Raises Unreadable if that cannot be told.
        """
        try:
            active = self.files.read_text("/sys/kernel/security/lsm").split(",")
        except Unreadable as error:
            if not error.absent:
                raise
            active = self._modules()
        for name in ("apparmor", "selinux"):
            if name in active:
                return name
        return "other" if {"smack", "tomoyo"} & set(active) else ""

    @cached_property
    def control_sockets(self) -> list[ControlSocket]:
        """The sockets on which the host's engines listen; raises Unreadable."""
        return control_sockets(self.files, self.census)

    @cached_property
    def labels(self) -> bool | Unreadable:
        """Whether processes carry a label, or why that cannot be told."""
        try:
            return self.lsm != ""
        except Unreadable as error:
            return error

    def _modules(self) -> list[str]:
        """Return the labelling modules by their own marks, where securityfs is not mounted."""
        mount = self.own_mounts.covering("/sys/module")
        if mount is not None and mount.file_system in _NO_KERNEL_FILES:
            raise Unreadable(Reason.NOT_SUPPORTED, "/sys shows nothing of the kernel here")
        found = []
        try:
            if self.files.read_text("/sys/module/apparmor/parameters/enabled").startswith("Y"):
                found.append("apparmor")
        except Unreadable as error:
            if not error.absent:
                raise
        try:
            if self.files.list_names("/sys/fs/selinux"):
                found.append("selinux")
        except Unreadable as error:
            if not error.absent:
                raise
        return found

    def initial(self, kind: str) -> str:
        """Return the link text of the host's own namespace of a kind; raises Unreadable.

        Those of pid 1. Where it may not be read (it can hold capabilities that root here lacks),
        kthreadd's: a kernel thread has the initial namespaces, and its flag cannot be forged.
        """
        known = self._initial.get(kind)
        if known is None:
            try:
                known = self._read_initial(kind)
            except Unreadable as error:
                known = error
            self._initial[kind] = known
        if isinstance(known, Unreadable):
            raise known
        return known

    def _read_initial(self, kind: str) -> str:
        try:
            return self.files.read_link(f"/proc/1/ns/{kind}")
        except Unreadable as error:
            if error.absent or not self.census.has_kernel_threads:
                raise
            try:
                return self.files.read_link(f"/proc/2/ns/{kind}")
            except Unreadable:
                raise error from None

    def is_own(self, kind: str, link: str, pid: int) -> bool:
        """Say whether a process's namespace is another one than the host's; raises Unreadable.

        Where the host's may not be looked at, a user or PID namespace that lies below another one
        is none of the first (ioctl_ns(2), NS_GET_PARENT).
        """
        try:
            return link != self.initial(kind)
        except Unreadable as error:
            try:
                if kind in {"user", "pid"} and self.files.namespace_parent(pid, kind):
                    return True
            except Unreadable:
                raise error from None
            raise

    def user_namespaces_above(self, pid: int, link: str) -> tuple[str, ...]:
        """Return the user namespaces above one, nearest first, as a process in it shows them.

        Only the nearest can be asked of a process; of further ones a process in each is asked.
        Raises Unreadable.
        """
        found: list[str] = []
        while len(found) < _MOST_LEVELS:
            above = self.files.namespace_parent(pid, "user")
            if not above or above in found or above == link:
                break
            found.append(above)
            holders = self.census.holders("user", above)
            if not holders:
                break
            pid = min(holders)
        return tuple(found)

    def device_path(self, node: DeviceNode) -> str:
        """Return the host's name for a device number, as /dev/sda; `block 8:0` where it has none.

        The name inside a sandbox is whoever made the node's choice, the number is not.
        """
        folder = "block" if node["type"] == "block" else "char"
        number = f"{node['major']}:{node['minor']}"
        for line in self._text(f"/sys/dev/{folder}/{number}/uevent").splitlines():
            if line.startswith("DEVNAME="):
                return f"/dev/{line.removeprefix('DEVNAME=')}"
        return f"{node['type']} {number}"

    def called(self, pid: int) -> str:
        """Return what a process outside a sandbox is called: its container's id, or its name."""
        try:
            ids = container_folders(self.census.glimpse(pid).cgroup)
        except Unreadable:
            ids = {}
        if ids:
            return next(iter(ids))[:12]
        return self.census.glimpse(pid).comm or str(pid)

    def lacks(self, path: str) -> bool:
        """Say whether this kernel has no such file below /proc or /sys; raises Unreadable."""
        if path not in self._lacking:
            try:
                self.files.stat(path)
                self._lacking[path] = False
            except Unreadable as error:
                self._lacking[path] = (error.absent and self._shows(path)) or error
        known = self._lacking[path]
        if isinstance(known, Unreadable):
            raise known
        return known

    def _shows(self, path: str) -> bool:
        """Say whether what is absent below /proc or /sys here is absent from the kernel."""
        mount = self.own_mounts.covering(path)
        if mount is None or "subset=pid" in mount.super_options:
            return False
        return mount.file_system not in _NO_KERNEL_FILES

    def _text(self, path: str, limit: int = 65_536) -> str:
        """Return a file's text, or nothing where it cannot be read and nothing rests on it."""
        try:
            return self.files.read_text(path, limit)
        except Unreadable:
            return ""
