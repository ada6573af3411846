"""What the mounts of a compose service amount to together, and beside those of other services."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.probes.compose.mount_fields import Mount
from isoaudit.probes.compose.security import security_options
from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service, note
from isoaudit.probes.compose.values import Word, truth
from isoaudit.probes.defaults import leads_to_cgroups
from isoaudit.probes.writers import THIS_CONTAINER, folders_above

_WRITABLE = "container.cgroup_writable"


def note_company(mounts: Sequence[Mount]) -> None:
    """Set what each mount shares with others, as far as the file tells."""
    folders = {mount.get("mount.source") for mount in mounts if _is_written_bind(mount)}
    for mount in mounts:
        kind = mount.get("mount.kind")
        if kind not in {"bind", "volume"}:
            continue
        mount.beyond("mount.options", "it takes them over from a mount of the host")
        if kind == "volume" and mount.own_volume:
            mount.put("mount.shared_with", None, ())
        else:
            mount.beyond("mount.shared_with", "who else mounts it, the host tells")
        if kind != "bind":
            continue
        source = mount.get("mount.source")
        if isinstance(source, str) and not folders.isdisjoint(folders_above(source)):
            mount.put("mount.source_writers", None, (THIS_CONTAINER,))
        else:
            mount.beyond("mount.source_writers", "whose the folders above it are, the host tells")


def _is_written_bind(mount: Mount) -> bool:
    return mount.get("mount.kind") == "bind" and mount.get("mount.read_only") is False


def note_relabelled(service: Service, mounts: Sequence[Mount], open_end: str) -> None:
    """Note the host paths that SELinux labels anew; `open_end` says why there may be more."""
    path = "container.relabelled_paths"
    paths: list[str] = []
    for mount in mounts:
        kind, source = mount.get("mount.kind"), mount.get("mount.source")
        if kind == "volume" or not (mount.relabelled or mount.relabelled_open):
            continue
        why = mount.relabelled_open or mount.why("mount.kind") or mount.why("mount.source")
        if isinstance(source, str) and not why:
            paths.append(source)
        else:
            open_end = open_end or why
    first = next((mount.node for mount in mounts if mount.relabelled), None)
    if open_end or first is None:
        _default(service, path, (), open_end, f"no :z, :Z or selinux: {ENGINE_DEFAULT}")
    else:
        service.facts.say(path, tuple(sorted(paths)), first)


def _default(
    service: Service, path: str, value: bool | tuple[str, ...], why: str, remark: str
) -> None:
    """Note what holds by default, or why that is not known."""
    if why:
        service.facts.unknown(path, why, FOLLOW)
    else:
        service.facts.default(path, value, remark)


def note_cgroups(service: Service, mounts: Sequence[Mount], open_end: str) -> None:
    """Note whether a cgroup file system can be written to: by privilege, an option or a bind."""
    asked: list[Word] = []
    privileged = service.word("privileged")
    if privileged is not None and (privileged.depends or truth(privileged)):
        asked.append(privileged)
    options = [o for o in security_options(service) if o.key in {"writable-cgroups", ""}]
    asked += [option.value for option in options if option.value.depends or truth(option.value)]
    decisive = next((said for said in asked if said.known), None)
    bound = next((mount for mount in mounts if _binds_cgroups(mount)), None)
    if decisive is not None:
        note(service.facts, _WRITABLE, True, decisive)
    elif bound is not None:
        service.facts.say(_WRITABLE, True, bound.node)
    else:
        why = next((said.open for said in asked), "") or open_end or _open_source(mounts)
        remark = f"read-only: {ENGINE_DEFAULT}, unless the engine remaps users"
        _default(service, _WRITABLE, False, why, remark)


def _binds_cgroups(mount: Mount) -> bool:
    source = mount.get("mount.source")
    return _is_written_bind(mount) and isinstance(source, str) and leads_to_cgroups(source)


def _open_source(mounts: Sequence[Mount]) -> str:
    """Return why a mount may be one of cgroups: its source is not known."""
    for mount in mounts:
        why = mount.why("mount.kind") or mount.why("mount.source")
        if why and mount.get("mount.read_only") is not True:
            return why
    return ""
