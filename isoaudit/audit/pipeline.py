"""The order of a run; the only module that knows it.

Files are read first, in forked workers where there are many of them: a fork must come before the
first thread. What runs is collected next, side by side, and judged by a process beside this one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from isoaudit.assess import load_assessor
from isoaudit.audit.common import Collected, Limits
from isoaudit.audit.crossing import Carried, carrying, settled
from isoaudit.audit.excluding import NOTHING, Excluded
from isoaudit.audit.files import FileUnit, file_units, read_unit
from isoaudit.audit.judging import Around, Judging, aside_for, judge_live, outcome
from isoaudit.bundle import Bundle, Evidence
from isoaudit.model import RunError, TargetResult
from isoaudit.rules.check import Check
from isoaudit.rules.judge import Judge
from isoaudit.rules.review import Review
from isoaudit.rules.wall_gate import Wanted
from isoaudit.targets.address import Address

if TYPE_CHECKING:
    from isoaudit.audit.placing import Ground
    from isoaudit.audit.since import Before, Revision

_Finished = TypeVar("_Finished")

PARALLEL_FROM = 24
"""Files from which workers pay: a fork and its pipes cost as much as reading some 20 manifests."""


class Request(NamedTuple):
    """What is to be audited, by which checks, and how hard to try.

    `review` marks what people know already of a target that was judged. `excluded` says which files
    found in folders are passed by. `ground` is the host that files will run on, `since` the
    revision whose findings are known already. `wanted` are workloads that walls are judged for,
    beside those of every run. `fixes` is for how many targets the changes are worked out that close
    their ways out.
    """

    addresses: Sequence[Address]
    checks: Sequence[Check]
    limits: Limits
    stdin: bytes | None = None
    review: Review | None = None
    excluded: Excluded = NOTHING
    ground: Ground | None = None
    since: Revision | None = None
    wanted: Sequence[Wanted] = ()
    fixes: int = 0


class Audit(NamedTuple):
    """A run under way: the host's evidence, if it was read, and the results as they come.

    `before` is what stood at the revision that is compared with.
    """

    host: Evidence | None
    results: Iterator[Any]
    before: Before | None = None


def audit(request: Request, finish: Callable[[TargetResult], _Finished]) -> Audit:
    """Audit everything a request names.

    `finish` turns each judged target into what the caller wants of it; it runs in the worker that
    judged. The results hold what it returns, and a RunError for whatever could not be read.
    Raises UsageError for a named file that is not there.
    """
    judge = Judge(request.checks, request.wanted)
    load_assessor()  # before forking, so that workers inherit it
    around = Around(ground=request.ground)
    units, errors = _units(request)
    before = _before(request, judge, around)
    finish = _reviewed(request.review, before, finish)
    # NOTE: started before anything live, since forking must precede threads.
    work = _FileWork(units, judge, finish, around, fixes=request.fixes)
    from_files = _judge_files(work, request.limits.jobs)
    if len(units) >= PARALLEL_FROM and any(not a.is_file for a in request.addresses):
        from_files = iter(list(from_files))
    judging = Judging(judge, carrying(finish), request.fixes)
    some = any(not address.is_file for address in request.addresses)
    aside = aside_for(judging, live=some, jobs=request.limits.jobs)
    live = _live(request)
    judged = settled(judge_live(live, judging, aside), finish)
    return Audit(live.host, itertools.chain(errors, from_files, judged), before)


def collect(request: Request, add: Callable[[Evidence], None]) -> Around:
    """Collect the evidence of everything a request names, without judging it.

    Each target is handed to `add` as it comes; what surrounds them is returned.
    """
    units, errors = _units(request)
    for unit in units:
        for entry in read_unit(unit):
            if isinstance(entry, Evidence):
                add(entry)
            elif isinstance(entry, RunError):
                errors.append(entry)
            else:
                errors.append(RunError(unit.shown, "read", "holds collected evidence already",
                                       f"Judge it: isoaudit scan {unit.shown}"))  # fmt: skip
    live = _live(request)
    for entry in live.targets:
        if isinstance(entry, RunError):
            errors.append(entry)
        else:
            add(entry)
    return Around(live.host, live.engines, tuple(dict.fromkeys(errors)))


def _units(request: Request) -> tuple[list[FileUnit], list[RunError]]:
    files = [address for address in request.addresses if address.is_file]
    return file_units(files, request.stdin, request.excluded)


def _before(request: Request, judge: Judge, around: Around) -> Before | None:
    """Judge the revision that is compared with, where one is."""
    if request.since is None:
        return None
    from isoaudit.audit.since import stood_at

    def judged_there(
        units: Sequence[FileUnit], what: Callable[[TargetResult], Any], renamed: Mapping[str, str]
    ) -> Iterator[Any]:
        work = _FileWork(units, judge, what, around, renamed)
        return _judge_files(work, request.limits.jobs)

    return stood_at(request.since, request.addresses, request.excluded, judged_there)


def _reviewed(
    review: Review | None, before: Before | None, finish: Callable[[TargetResult], _Finished]
) -> Callable[[TargetResult], _Finished]:
    """Return what finishes a target after it has been reviewed, and compared with what stood."""
    if before is None:
        return finish if review is None else lambda result: finish(review(result))
    if review is None:
        return lambda result: finish(before.marked(result))
    settled = review.after(before.said)
    return lambda result: finish(before.marked(settled(result)))


class _FileWork(NamedTuple):
    """All that a forked worker needs; it inherits it instead of being sent it.

    `renamed` holds today's names of files that are read as they were once. `fixes` is for how many
    targets changes are worked out.
    """

    units: Sequence[FileUnit]
    judge: Judge
    finish: Callable[[TargetResult], Any]
    around: Around = Around()
    renamed: Mapping[str, str] = {}
    fixes: int = 0

    def run(self, numbers: range) -> list[Any]:
        """Read, judge and finish the files of these numbers."""
        return [entry for number in numbers for entry in self.one(number)]

    def one(self, number: int) -> Iterator[Any]:
        """Read, judge and finish the targets of one file; ways across run inside it alone."""
        self.judge.fixes = self._fixes_in(number)
        return settled(self._carried(self.units[number]), self.finish)

    def _fixes_in(self, number: int) -> int:
        """Return for how many targets of a file changes are worked out.

        That goes by the number of the file alone, so that it is the same whichever worker has it.
        """
        return math.ceil(self.fixes / len(self.units)) if number < self.fixes else 0

    def _carried(self, unit: FileUnit) -> Iterator[Any]:
        carry = carrying(self.finish)
        for entry in read_unit(unit):
            if isinstance(entry, RunError):
                yield entry
            elif isinstance(entry, Bundle):
                yield from self._replayed(entry, carry)
            else:
                yield outcome(self.judge, carry, self.today(entry), self.around)

    def _replayed(self, bundle: Bundle, carry: Callable[[TargetResult], Carried]) -> Iterator[Any]:
        """Judge what a bundle holds as if it were here."""
        around = Around(bundle.host, bundle.engines, ground=self.around.ground)
        yield from bundle.errors
        for evidence in bundle.targets:
            yield outcome(self.judge, carry, evidence, around)

    def today(self, evidence: Evidence) -> Evidence:
        """Return evidence under the name that its file has today."""
        if not self.renamed:
            return evidence
        from isoaudit.audit.since import under_new_name

        return replace(evidence, target=under_new_name(evidence.target, self.renamed))


_inherited: _FileWork | None = None


def _judge_files(work: _FileWork, jobs: int) -> Iterator[Any]:
    if jobs <= 1 or len(work.units) < PARALLEL_FROM:
        for number in range(len(work.units)):
            yield from work.one(number)
        return
    yield from _in_workers(work, jobs)


def _in_workers(work: _FileWork, jobs: int) -> Iterator[Any]:
    global _inherited  # noqa: PLW0603 - what forked workers see; a closure cannot be sent to them
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    _inherited = work
    size = max(1, min(64, len(work.units) // (jobs * 4)))
    chunks = [
        range(start, min(start + size, len(work.units)))
        for start in range(0, len(work.units), size)
    ]
    try:
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
            for results in pool.map(_run_inherited, chunks):
                yield from results
    except BrokenProcessPool:
        yield RunError(
            "files", "read", "a worker died while it read one of the files",
            "Scan with -j 1 to see which file it is.",
        )  # fmt: skip
    finally:
        _inherited = None


def _run_inherited(numbers: range) -> list[Any]:
    if _inherited is None:
        raise RuntimeError("a worker was started without its work")
    return _inherited.run(numbers)


def _live(request: Request) -> Collected:
    addresses = [address for address in request.addresses if not address.is_file]
    if not addresses:
        return Collected(None, iter(()), {})
    # Threads and engines take time to import, which a scan of files should not pay.
    from isoaudit.audit.live import collect_live

    return collect_live(addresses, request.limits)
