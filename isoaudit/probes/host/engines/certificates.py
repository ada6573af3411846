"""Keys and certificates by which engines are asked for, and by which they ask registries.

Sources: dockerd(8) (tlscacert, tlscert, tlskey), docs.docker.com (/etc/docker/certs.d),
containers-certs.d(5).
"""

from __future__ import annotations

from isoaudit.model import Reason, Record
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.engine_options import Options
from isoaudit.probes.host.sheet import Sheet, unread_part
from isoaudit.probes.permissions import others_may_read, others_may_replace
from isoaudit.transports import Unreadable

_REGISTRIES = ("/etc/docker/certs.d", "/etc/containers/certs.d")
_SUFFIXES = (".key", ".cert", ".crt", ".pem")
_MOST = 200


def note_certificates(sheet: Sheet, docker: list[Options] | Unreadable) -> None:
    """Note the part certificate: the files that exist, keys marked as such."""
    unread: list[Unreadable] = []
    paths = {path: path.endswith(".key") for path in _of_registries(sheet, unread)}
    paths |= _of_dockerd(docker, unread)
    records: list[Record] = []
    for path in sorted(paths):
        seen = sheet.stat(path)
        if isinstance(seen, Unreadable):
            unread.append(seen)
        elif seen is not None and seen["type"] == "file":
            records.append(_record(sheet, path, private=paths[path]))
    incomplete = unread_part("certificate", unread, sheet.kernel.vantage)
    sheet.kernel.part("certificate", records, incomplete)


def _of_dockerd(docker: list[Options] | Unreadable, unread: list[Unreadable]) -> dict[str, bool]:
    """Return the files of every dockerd with TLS, and whether each is a private key."""
    found: dict[str, bool] = {}
    if isinstance(docker, Unreadable):
        unread.append(docker)
        return found
    for options in docker:
        verified = options.flag("tlsverify", False).value
        if not (verified or options.flag("tls", False).value):
            continue
        for name in ("tlscacert", "tlscert", "tlskey") if verified else ("tlscert", "tlskey"):
            path = _path(options, name)
            if path:
                found[path] = name == "tlskey"
            else:
                detail = f"{options.source}: TLS without {name}: it is taken from the account's own"
                unread.append(Unreadable(Reason.NOT_DECLARED, detail))
    return found


def _path(options: Options, name: str) -> str:
    path: str = options.text(name, "").value
    return path if path.startswith("/") else ""


def _of_registries(sheet: Sheet, unread: list[Unreadable]) -> list[str]:
    found: list[str] = []
    for folder in _REGISTRIES:
        for registry in _names(sheet, folder, unread):
            inside = _names(sheet, f"{folder}/{registry}", unread)
            found += [f"{folder}/{registry}/{n}" for n in inside if n.endswith(_SUFFIXES)]
    if len(found) > _MOST:
        unread.append(Unreadable(Reason.LIMIT, f"more than {_MOST} certificates of registries"))
    return found[:_MOST]


def _names(sheet: Sheet, folder: str, unread: list[Unreadable]) -> list[str]:
    names = sheet.names(folder)
    if isinstance(names, Unreadable):
        unread.append(names)
        return []
    return names


def _record(sheet: Sheet, path: str, *, private: bool) -> Record:
    notes = Notes(sheet.kernel.vantage)
    notes.fact("certificate.path", path, f"stat {path}")
    notes.fact("certificate.private_key", private, f"its name: {path.rpartition('/')[2]}")
    for fact, ask in (
        ("certificate.others_may_read", others_may_read),
        ("certificate.others_may_replace", others_may_replace),
    ):
        try:
            notes.fact(fact, *ask(sheet.files, path))
        except Unreadable as error:
            notes.lacks(error.missing(fact, notes.vantage))
    return notes.record()
