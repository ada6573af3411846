"""The file that says where the guests of virtual machines answer over SSH."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from isoaudit.errors import DocumentError, UsageError
from isoaudit.targets.address import SSH, Address, parse


def guests_of(path: Path | None) -> Mapping[str, Address]:
    """Return the addresses of guests by the names of their VMs; none without a file.

    Raises UsageError for what is no such file, with the place in it.
    """
    if path is None:
        return {}
    from isoaudit.documents import limits, yaml
    from isoaudit.rules.schema import locate, validate

    shown = str(path)
    try:
        node = yaml.load(limits.decode(limits.read_bytes(path, shown), shown), shown)
    except DocumentError as error:
        raise UsageError(error.cause, error.remedy) from None
    named: Mapping[str, str] = validate(node, "guests-1")["guests"]
    found = {}
    for name, text in named.items():
        try:
            address = parse(text)
        except UsageError as error:
            raise UsageError(
                f"{locate(node, ['guests', name])}: {error.cause}", error.remedy
            ) from None
        if address.scheme != SSH:
            raise UsageError(
                f"{locate(node, ['guests', name])}: the guest of {name} is at no ssh:// address",
                "Name it as ssh://[user@]host[:port].",
            )
        found[name] = address
    return found
