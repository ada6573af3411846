"""What people know of findings already: waivers and a baseline, brought to each judged target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from isoaudit.model import InlineWaiver, TargetResult
from isoaudit.rules.baseline import Baseline
from isoaudit.rules.waivers import Stood, Waiving


class Review:
    """Marks the findings of one target after the other; runs in the worker that judged them.

    The targets of one file must come one after the other: waivers in the file that cover nothing
    are told once for it.
    """

    def __init__(
        self,
        waiving: Waiving | None = None,
        baseline: Baseline | None = None,
        stood: Mapping[str, frozenset[Stood]] | None = None,
    ) -> None:
        self.waiving = waiving or Waiving()
        self.baseline = baseline
        self._stood = stood
        self._told: tuple[InlineWaiver, ...] = ()

    def __call__(self, result: TargetResult) -> TargetResult:
        """Return a result with its waivers, and with the baseline's word on each finding."""
        first = result.said is not self._told
        self._told = result.said
        reviewed = self._waiving_for(result).waive(result, said=first)
        reviewed = replace(reviewed, said=()) if result.said else reviewed
        return reviewed if self.baseline is None else self.baseline.mark(reviewed)

    def after(self, stood: Mapping[str, frozenset[Stood]]) -> Review:
        """Return a review by which a file waives only what it waived before a change.

        `stood` is what waivers in files covered then, by the target's id: who moves one to another
        target or finding has not had it reviewed there.
        """
        return Review(self.waiving, self.baseline, stood)

    def _waiving_for(self, result: TargetResult) -> Waiving:
        if self._stood is None:
            return self.waiving
        return replace(self.waiving, accepted=self._stood.get(result.target.id, frozenset()))
