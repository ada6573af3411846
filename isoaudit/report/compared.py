"""The words for a comparison: what stood before is one line, and so is what went away."""

from __future__ import annotations

from collections.abc import Mapping

from isoaudit.report.layout import count


def since_words(since: Mapping[str, str | int]) -> list[str]:
    """Return the lines on what a run was compared with, as `run.since` of the document holds it."""
    name = str(since["ref"])
    place = f"where HEAD left {name[:-3]}" if name.endswith("...") else f"at {name}"
    known, gone, unread = (int(since[key]) for key in ("known", "gone", "unread"))
    verb = "was" if known == 1 else "were"
    commit = str(since["commit"])[:12]
    lines = [f"{count(known, 'finding')} {verb} there {place} ({commit}): not counted"]
    if gone:
        lines.append(f"{count(gone, 'finding')} of then {_are(gone)} not found any more")
    if unread:
        holds = "it holds" if unread == 1 else "they hold"
        lines.append(f"{count(unread, 'file')} could not be read there: what {holds} is new")
    return lines


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
