"""Who the process of an OCI bundle runs as: user, groups, capability sets, and its own limits.

Sources: the OCI runtime specification (config, process), capabilities(7) for what is left of the
sets once the program is executed, runc (a process without the object `capabilities` gets none).
"""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from isoaudit.documents.yaml import Node
from isoaudit.facts.redaction import redact_text
from isoaudit.probes.declared import Placed
from isoaudit.probes.defaults import (
    DOCKER_CAPABILITIES,
    in_kernel_order,
    normalise_capability,
)
from isoaudit.probes.oci.bundle import RUNTIME_DEFAULT, Bundle, flag, number, number_or, words
from isoaudit.probes.oci.maps import Maps, read_maps

_SETS = ("bounding", "effective", "permitted", "inheritable", "ambient")
_ADDED = "container.capabilities.added"
_NNP = "process.no_new_privileges"
_LONGEST_NAME = 255
_ABSENT = "no process: whatever it is started with decides"
_NO_SETS = "no process.capabilities: runc gives none, the specification leaves it open"


class Sets(NamedTuple):
    """The capability sets that a configuration lists, and where."""

    listed: dict[str, frozenset[str]]
    where: Placed


def note_credentials(bundle: Bundle) -> None:
    """Note who the process is and what it may do as far as ids and capabilities go."""
    process, sheet = bundle.get("process"), bundle.process
    sheet.say("process.main", True, bundle.root, "the container's process")
    if process is None:
        for path in ("name", "uid", "host_uid", "root_permitted", "host_groups", "capabilities",
                     "no_new_privileges", "oom_score_adj", "limits"):  # fmt: skip
            sheet.unknown(f"process.{path}", _ABSENT, "Add `process`.")
        bundle.facts.unknown(_ADDED, _ABSENT)
        return
    arguments = process.get("args")
    program = words(arguments)[0] if arguments is not None and arguments.elements() else ""
    name = redact_text(posixpath.basename(program))[:_LONGEST_NAME]
    sheet.say("process.name", name, arguments or process)
    maps = read_maps(bundle)
    uid = _note_user(bundle, process, maps)
    _note_groups(bundle, process, maps)
    confined = process.get("noNewPrivileges")
    if confined is None:
        sheet.default(_NNP, False, f"no noNewPrivileges: {RUNTIME_DEFAULT}")
    else:
        sheet.say(_NNP, flag(confined), confined)
    _note_capabilities(bundle, process, uid, sealed=confined is not None and flag(confined))


def _note_user(bundle: Bundle, process: Node, maps: Maps) -> int:
    """Note the user on both sides of the user namespace; return the uid inside."""
    sheet, said = bundle.process, process.get("user", "uid")
    uid = number_or(said, 0)
    where = said or process.get("user") or process
    sheet.say("process.uid", uid, where, "" if said is not None else "no uid: 0")
    outside = maps.uid(uid)
    if maps.private and outside is not None:
        sheet.say("process.host_uid", outside, where, "by linux.uidMappings")
    elif maps.private or maps.rootless:
        sheet.unknown("process.host_uid", maps.why or "no mapping holds that uid")
    else:
        sheet.say("process.host_uid", uid, where, "no user namespace of its own")
    reach = uid == 0 or outside == 0 or (maps.private and outside is None)
    sheet.say("process.root_permitted", reach, where)
    return uid


def _note_groups(bundle: Bundle, process: Node, maps: Maps) -> None:
    """Note that the process is in the host's group root; of no other number a file can tell."""
    path, user = "process.host_groups", process.get("user")
    gid = process.get("user", "gid")
    more = user.get("additionalGids") if user is not None else None
    named = [*([gid] if gid is not None else []), *(more.elements() if more is not None else [])]
    if not maps.rootless:
        for one in named:
            if maps.gid(number(one)) == 0:
                bundle.process.say(path, ("root",), one, "gid 0")
                return
        if gid is None and maps.gid(0) == 0:
            bundle.process.say(path, ("root",), user or process, "no gid: 0")
            return
    bundle.process.beyond(path, "whose gids they are is in the host's /etc/group")


def _note_capabilities(bundle: Bundle, process: Node, uid: int, *, sealed: bool) -> None:
    sheet, node = bundle.process, process.get("capabilities")
    if node is None:
        how = "List the sets; `bounding: []` is none."
        sheet.unknown("process.capabilities", _NO_SETS, how)
        bundle.facts.unknown(_ADDED, _NO_SETS, how)
        return
    sets = {name: _listed(node, name) for name in _SETS}
    held = in_force(sets, uid, sealed=sealed)
    remark = "after execution as root" if uid == 0 else "after execution as an ordinary user"
    for name in ("effective", "permitted"):
        sheet.say(f"process.capabilities.{name}", in_kernel_order(held), node, remark)
    for name in ("bounding", "inheritable"):
        sheet.say(f"process.capabilities.{name}", in_kernel_order(sets[name]), node)
    ambient = in_kernel_order(_ambient(sets))
    sheet.say("process.capabilities.ambient", ambient, node, "of those also inheritable")
    beyond = sets["bounding"].difference(DOCKER_CAPABILITIES)
    bundle.facts.say(_ADDED, in_kernel_order(beyond), node, "beyond docker's default set")


def _listed(node: Node, name: str) -> frozenset[str]:
    return frozenset(normalise_capability(one) for one in words(node.get(name)))


def _ambient(sets: dict[str, frozenset[str]]) -> frozenset[str]:
    """Return the ambient set the kernel takes: no more than is permitted and inheritable."""
    return sets["ambient"] & sets["permitted"] & sets["inheritable"]


def in_force(sets: dict[str, frozenset[str]], uid: int, *, sealed: bool) -> frozenset[str]:
    """Return what a process may use once its program is executed (capabilities(7)).

    Root is given all that is inheritable or in the bounding set, with no-new-privileges no more
    than it had; any other user keeps the ambient set alone. What files add is the image's.
    """
    ambient = _ambient(sets)
    if uid != 0:
        return ambient
    gained = sets["bounding"] | sets["inheritable"]
    return ambient | (gained & sets["permitted"] if sealed else gained)
