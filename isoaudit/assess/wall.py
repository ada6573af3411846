"""The wall a workload stands behind, by structure: proven fact by fact."""

from __future__ import annotations

from isoaudit.assess.definitions import Definitions
from isoaudit.assess.truth import Truths
from isoaudit.model import Wall, WallKind
from isoaudit.rules.context import Context


class Walls:
    """Placeholder until walls are data (helper `advise`)."""

    def __init__(self, known: Definitions, truths: Truths) -> None:
        self._truths = truths

    def of(self, context: Context) -> Wall:
        """Return the wall of a target."""
        return Wall(WallKind.SHARED_KERNEL, WallKind.VM)
