"""The options that say what files are judged beside: a host, a revision, and what is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from isoaudit.errors import DocumentError, UsageError
from isoaudit.targets.address import Address

if TYPE_CHECKING:
    from isoaudit.audit.excluding import Excluded
    from isoaudit.audit.placing import Ground
    from isoaudit.audit.since import Revision


class Comparing(NamedTuple):
    """What files are compared with, as it was named."""

    since: str | None = None
    on: Path | None = None
    exclude: tuple[str, ...] = ()

    def of(self, addresses: Sequence[Address]) -> tuple[Excluded, Ground | None, Revision | None]:
        """Return what a request needs of it; raises UsageError for what cannot be used."""
        from isoaudit.audit.excluding import Excluded

        revision = None
        if self.since is not None:
            from isoaudit.audit.since import revision_of

            revision = revision_of(self.since, addresses)
        ground = ground_named(self.on) if self.on is not None else None
        return Excluded(self.exclude), ground, revision


def comparing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these options; they reach the command as one `Comparing`."""

    @wraps(command)
    def packed(
        *args: Any, since: str | None, on: Path | None, exclude: tuple[str, ...], **kwargs: Any
    ) -> Any:
        return command(*args, comparing=Comparing(since, on, exclude), **kwargs)

    decorated: Callable[..., Any] = packed
    for decorate in reversed(
        [
            click.option("--since", metavar="REF", is_eager=True,  # it settles which settings count
                         help="Count only what fails now and did not at this git revision; "
                         "REF... is where HEAD left REF."),
            click.option("--on", type=click.Path(path_type=Path), metavar="BUNDLE",
                         help="Judge files for the host whose evidence this is."),
            click.option("--exclude", multiple=True, metavar="PATTERN",
                         help="Pass by files found in folders, by a line as of .gitignore; may be "
                         "repeated."),
        ]
    ):  # fmt: skip
        decorated = decorate(decorated)
    return decorated


def ground_named(path: Path) -> Ground:
    """Return the host in a bundle; raises UsageError for what is no bundle, or has none."""
    from isoaudit import bundle
    from isoaudit.audit.placing import ground_of
    from isoaudit.documents import limits

    shown = str(path)
    try:
        data = limits.read_bytes(path, shown, limits.OWN_BYTES)
        if not bundle.is_bundle(data):
            raise UsageError(
                f"{shown}: no evidence bundle", "Collect one there: isoaudit collect host -o FILE"
            )
        return ground_of(bundle.decode(data, shown), shown)
    except DocumentError as error:
        raise UsageError(error.cause, error.remedy) from error
