"""What stood at an earlier revision of a repository: judged there, so that the rest is new.

The files of the revision are laid out in a folder of their own and judged by the same checks, with
the same host beside them and under the same names. A finding stood before if the same one failed
there, no less severely. What could not be read there stood nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from isoaudit.audit.excluding import Excluded
from isoaudit.audit.files import FileUnit, file_units
from isoaudit.errors import UsageError
from isoaudit.model import Finding, RunError, Status, Target, TargetResult, ways_of
from isoaudit.model.finding import IN_BASELINES
from isoaudit.rules.baseline import held, marked
from isoaudit.rules.waivers import Stood as Covered
from isoaudit.rules.waivers import covering
from isoaudit.targets.address import Address
from isoaudit.targets.revision import laid_out
from isoaudit.transports.git import Repository, repository_around

Stood = Mapping[tuple[str, str], int]
JudgeFiles = Callable[
    [Sequence[FileUnit], Callable[[TargetResult], Any], Mapping[str, str]], Iterator[Any]
]


@dataclass(frozen=True, slots=True)
class Before:
    """What stood at a revision: findings by fingerprint and status, each with its severity's rank.

    `said` is what the waivers in files covered, by the target's id. `unread` counts the
    files that could not be read there.
    """

    ref: str
    commit: str
    stood: Stood
    said: Mapping[str, frozenset[Covered]]
    unread: int = 0

    @property
    def failed(self) -> frozenset[str]:
        """The fingerprints of what failed there."""
        return frozenset(print_ for print_, status in self.stood if status == Status.FAIL.value)

    def marked(self, result: TargetResult) -> TargetResult:
        """Return a result whose findings say whether they stood before.

        One that another baseline knows stays known.
        """
        return marked(result, self._marked)

    def _marked(self, finding: Finding) -> Finding:
        if finding.status not in IN_BASELINES or finding.known:
            return finding
        rank = self.stood.get(held(finding))
        return finding._replace(known=rank is not None and rank <= finding.severity.rank)


class Revision(NamedTuple):
    """A revision of the repository that all addresses lie in."""

    ref: str
    commit: str
    repository: Repository


def revision_of(ref: str, addresses: Sequence[Address]) -> Revision:
    """Return the revision to compare with.

    Raises UsageError for what has no revisions (standard input, what runs, files of no repository
    or of several), and for a revision that git does not know.
    """
    roots: dict[Path, Repository] = {}
    for address in addresses:
        if not address.is_file or address.name == "-":
            raise UsageError(
                f"--since judges files of a repository, and {address.text} is none",
                "Name files or folders alone: isoaudit scan . --since REF",
            )
        for name in _paths(address.name):
            found = repository_around(Path(_whole(name)))
            if found is None:
                raise UsageError(f"{name} lies in no git repository", "Leave --since out there.")
            roots[found.root] = found
    if len(roots) != 1:
        raise UsageError("--since judges one repository at a time",
                         f"Scan each by itself: {', '.join(map(str, roots))}")  # fmt: skip
    repository = next(iter(roots.values()))
    return Revision(ref, repository.commit_of(ref), repository)


def stood_at(
    revision: Revision, addresses: Sequence[Address], excluded: Excluded, judge: JudgeFiles
) -> Before:
    """Judge what the addresses named at a revision; raises UsageError if git refuses."""
    repository, commit = revision.repository, revision.commit
    same = Excluded(excluded.patterns)
    renamed = repository.renames(commit)
    stood: dict[tuple[str, str], int] = {}
    said: dict[str, frozenset[Covered]] = {}
    unread = 0
    with laid_out(repository, commit) as root:
        moved = [_moved(address, root, repository.root) for address in addresses]
        with _working_in(root, repository.root):
            for entry in judge(_units(moved, same), _what_stood, renamed):
                if isinstance(entry, RunError):
                    unread += 1
                    continue
                said[entry.target] = said.get(entry.target, frozenset()) | entry.said
                for key, rank in entry.findings:
                    stood[key] = min(rank, stood.get(key, rank))
    return Before(revision.ref, commit, stood, said, unread)


def under_new_name(target: Target, renamed: Mapping[str, str]) -> Target:
    """Return a target of a file that was renamed since, by the id that it has today."""
    dialect, colon, rest = target.id.partition(":")
    path, sharp, part = rest.partition("#")
    new = renamed.get(path)
    return replace(target, id=f"{dialect}{colon}{new}{sharp}{part}") if new else target


class _Stood(NamedTuple):
    """What a worker hands over of one target as it was."""

    target: str
    findings: list[tuple[tuple[str, str], int]]
    said: frozenset[Covered]


def _what_stood(result: TargetResult) -> _Stood:
    findings = [
        (held(finding), finding.severity.rank)
        for finding in (*result.findings, *ways_of(result))
        if finding.status in IN_BASELINES
    ]
    return _Stood(result.target.id, findings, covering(result))


def _units(addresses: Iterable[Address], excluded: Excluded) -> list[FileUnit]:
    """Return the files behind addresses as far as they were there."""
    units: list[FileUnit] = []
    for address in addresses:
        try:
            units += file_units([address], None, excluded)[0]
        except UsageError:
            continue  # it was not there yet
    return units


@contextmanager
def _working_in(root: Path, today: Path) -> Iterator[None]:
    """Work in the folder of a laid out tree that the working directory is in the true one.

    So relative names, and what is told by the environment, mean what they mean today.
    """
    below = _below(os.path.realpath(os.getcwd()), today)
    back = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a file in its place: nothing of today's was there
            (root / (below or ".")).mkdir(parents=True, exist_ok=True)
            os.chdir(root / (below or "."))
        yield
    finally:
        os.fchdir(back)
        os.close(back)


def _moved(address: Address, root: Path, today: Path) -> Address:
    """Return an address of today's tree as one of the tree that was laid out."""
    names = [os.path.join(root, _below(_whole(path), today) or "") for path in _paths(address.name)]
    return replace(address, name=",".join(names))


def _whole(path: str) -> str:
    """Return the true path of a folder or file; a link to a file goes by its own name."""
    if os.path.isdir(path):
        return os.path.realpath(path)
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _below(path: str, root: Path) -> str | None:
    """Return a path as it reads from the root, None where it does not lie below."""
    whole = os.path.realpath(root)
    if path == whole:
        return "."
    inside = os.path.join(whole, "")
    return path.removeprefix(inside) if path.startswith(inside) else None


def _paths(name: str) -> list[str]:
    """Return the paths an address names: several files of one project stand with commas between."""
    return [name] if os.path.lexists(name) or "," not in name else name.split(",")
