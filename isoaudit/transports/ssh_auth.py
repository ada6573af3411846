"""Lets a user in by a key. Nothing is asked on a terminal, and no password is ever sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from isoaudit.model import Reason
from isoaudit.transports.base import Unreadable
from isoaudit.transports.ssh_identities import Identities, name_of
from isoaudit.transports.ssh_settings import Settings

if TYPE_CHECKING:
    import paramiko

_HOW_TO_LET_IN = (
    "Put a key of yours into the account's authorized_keys, and name it by IdentityFile in"
    " ssh_config or hold it in the agent (ssh-add)."
)


class _Tries(NamedTuple):
    """Who knocked where, with which keys, and why others could not be used."""

    host: str
    user: str
    keys: list[str]
    notes: list[str]


def log_in(transport: paramiko.Transport, settings: Settings) -> None:
    """Let the user in by the first key that the server takes; raises Unreadable."""
    from paramiko import BadAuthenticationType, SSHException

    identities = Identities(settings)
    tries = _Tries(settings.place.host, settings.place.user, [], identities.notes)
    try:
        for key in identities.candidates():
            try:
                further = transport.auth_publickey(tries.user, key)
            except BadAuthenticationType as error:
                raise _refused(tries, error.allowed_types) from None
            except (SSHException, OSError, EOFError):
                tries.keys.append(name_of(key))
                if not transport.is_active():
                    break
                continue
            if further:
                raise _refused(tries, further, name_of(key))
            return
        if tries.keys:
            raise _refused(tries, (), closed=not transport.is_active())
        _without_keys(transport, tries)
    finally:
        identities.close()


def _without_keys(transport: paramiko.Transport, tries: _Tries) -> None:
    """Ask what the server would take; a server that lets in anybody does so here."""
    from paramiko import BadAuthenticationType, SSHException

    try:
        transport.auth_none(tries.user)
    except BadAuthenticationType as error:
        raise _refused(tries, error.allowed_types) from None
    except (SSHException, OSError, EOFError):
        raise _refused(tries, ()) from None


def _refused(
    tries: _Tries, takes: Sequence[str], taken: str = "", *, closed: bool = False
) -> Unreadable:
    """Return why nobody was let in. Keys are named by their fingerprints."""
    who, where, tried = tries.user, tries.host, tries.keys
    ways = ", ".join(bounded(way) for way in list(takes)[:6])
    if taken:
        words = f"{where} takes {taken} for {who}, and wants {ways} as well; isoaudit asks for none"
    elif takes and "publickey" not in takes:
        words = f"{where} lets {who} in by {ways} only; isoaudit asks for no password"
    elif tried:
        keys = ", ".join(tried[:3]) + (f" and {len(tried) - 3} more" if len(tried) > 3 else "")
        words = f"{where} takes no key for {who}: tried {keys}"
        words += ", then it hung up (IdentitiesOnly keeps others back)" if closed else ""
    else:
        words = f"no key for {who} at {where}"
    words += "".join(f"; {note}" for note in tries.notes[:3])
    return Unreadable(Reason.PERMISSION_DENIED, words, _HOW_TO_LET_IN)


def bounded(text: object) -> str:
    """Return the first line of what a library says, which may hold what a server sent."""
    return str(text).strip().partition("\n")[0][:160]
