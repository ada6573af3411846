"""Waivers that stand in what is audited: in a file's comments, annotations and labels."""

from __future__ import annotations

from itertools import chain, islice

from isoaudit.errors import DocumentError
from isoaudit.model import InlineWaiver
from isoaudit.rules.inline_words import statement

_MOST = 1000
"""Waivers read from one file: each is looked at for each of its targets."""


def inline_waivers(text: str, dialect: str, file: str) -> tuple[InlineWaiver, ...]:
    """Return the waivers that a file declares, those that cannot count included.

    `file` is the name that targets and evidence have for it. Nothing is raised: of a file that is
    broken there are none. A text without our name costs the search for it.
    """
    if "isoaudit" not in text:
        return ()
    from isoaudit.rules.inline_comments import comment_waivers
    from isoaudit.rules.inline_labels import label_waivers

    try:
        every = chain(comment_waivers(text, dialect, file), label_waivers(text, dialect, file))
        found = tuple(islice(every, _MOST + 1))
    except DocumentError:
        return ()
    if len(found) <= _MOST:
        return found
    more = statement([], "", file, "inline")._replace(problem=f"more than {_MOST} in one file")
    return (*found[:_MOST], more)
