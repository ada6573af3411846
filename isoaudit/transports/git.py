"""Asks git for what a repository held at a revision: names, contents, renames; never the work tree.

A repository's own configuration may name programs to run (filters, monitors, hooks, transports).
Only commands that read objects are used, which run none of these, and fetching is forbidden. Git
itself refuses a repository that belongs to somebody else (safe.directory, git-config(1)).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from isoaudit.errors import UsageError

if TYPE_CHECKING:
    import subprocess

_SECONDS = 120.0
MOST = 128 * 2**20
"""Most bytes that git may say at a time: the names of a million files."""

_PIECE = 2**20
_COMPLAINT = 4096

_BATCH = 16 * 2**20
_MOST = 4096
"""Bytes of content, and files, asked for at a time."""

_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "USER", "LOGNAME", "SUDO_UID", "TMPDIR",
         "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM")  # fmt: skip
"""What git is told of the environment: who asks, and the configuration of who asks (where
safe.directory stands). GIT_DIR and its like, which a hook of git has set, would lead elsewhere."""

_SAFE = ("--no-pager", "--no-optional-locks", "-c", "core.fsmonitor=false",
         "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never")  # fmt: skip
_FORBIDDING = {
    # NOTE: outranks protocol.NAME.allow of the repository's configuration, which -c does not.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_LINK = b"120000"
_TO_HEAD = "..."


class Blob(NamedTuple):
    """A file of a revision: its path from the repository's root, its object, its size."""

    path: str
    digest: str
    size: int
    is_link: bool


class Repository:
    """The repository around a folder, of which objects are read and nothing else."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def commit_of(self, ref: str) -> str:
        """Return the commit that a revision names; `REF...` is where HEAD branched off from REF.

        Raises UsageError if there is none, with what to do in a clone that lacks it.
        """
        _require_revision(ref)
        name = ref.removesuffix(_TO_HEAD)
        found = self._commit(name)
        if found is None:
            raise UsageError(f"git knows no revision {name!r} here", self._how_to_get(name))
        if not ref.endswith(_TO_HEAD):
            return found
        base = self._ask("merge-base", found, "HEAD")
        if base.code:
            raise UsageError(f"{name!r} and HEAD have no common ancestor here",
                             self._how_to_get(name))  # fmt: skip
        return base.said.decode("ascii", "replace").strip()

    def blobs(self, commit: str) -> Iterator[Blob]:
        """Yield the files of a commit, links among them; submodules are no files of it."""
        listing = self._answer("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
        for entry in listing.split(b"\0"):
            head, tab, path = entry.partition(b"\t")
            words = head.split()
            if tab and len(words) == 4 and words[1] == b"blob":
                size = int(words[3]) if words[3].isdigit() else 0
                yield Blob(os.fsdecode(path), words[2].decode(), size, words[0] == _LINK)

    def contents(self, blobs: Iterable[Blob]) -> Iterator[tuple[Blob, bytes]]:
        """Yield files with their contents, a few megabytes of them in memory at a time."""
        batch: list[Blob] = []
        size = 0
        for blob in blobs:
            if batch and (size + blob.size > _BATCH or len(batch) == _MOST):
                yield from self._read(batch)
                batch, size = [], 0
            batch.append(blob)
            size += blob.size
        if batch:
            yield from self._read(batch)

    def file_at(self, commit: str, path: str) -> bytes | None:
        """Return what a file held at a commit, None if there was none."""
        found = self._ask("cat-file", "blob", f"{commit}:{path}")
        return None if found.code else found.said

    def renames(self, commit: str) -> dict[str, str]:
        """Return the new names, by the old ones, of what was renamed between a commit and HEAD."""
        self._answer("ls-tree", "-r", "-z", "--full-tree", "HEAD")  # that it is not too much
        listing = self._answer("diff-tree", "-r", "-z", "-M", "--name-status", "--diff-filter=R",
                               "--no-ext-diff", "--no-textconv", commit, "HEAD")  # fmt: skip
        fields = [os.fsdecode(field) for field in listing.split(b"\0")]
        return {fields[n + 1]: fields[n + 2] for n in range(0, len(fields) - 2, 3)}

    def _read(self, batch: Sequence[Blob]) -> Iterator[tuple[Blob, bytes]]:
        asked = "".join(f"{blob.digest}\n" for blob in batch).encode()
        data = self._answer("cat-file", "--batch", asked=asked)
        start = 0
        for blob in batch:
            head, newline, _ = data[start : start + 200].partition(b"\n")
            words = head.split()
            if not newline or len(words) != 3 or words[1] != b"blob":
                raise UsageError(f"git cannot read {blob.path} of that revision",
                                 "Fetch it whole: git fetch --refetch --filter=")  # fmt: skip
            begin = start + len(head) + 1
            start = begin + int(words[2]) + 1
            yield blob, data[begin : start - 1]

    def _commit(self, name: str) -> str | None:
        found = self._ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if found.code == 0:
            return found.said.decode("ascii", "replace").strip()
        if found.complaint:
            raise _refused(found.complaint)
        return None

    def _how_to_get(self, name: str) -> str:
        shallow = self._ask("rev-parse", "--is-shallow-repository").said.strip() == b"true"
        if shallow:
            return ("This clone is shallow: git fetch --unshallow origin, or `fetch-depth: 0` of "
                    "actions/checkout, or GIT_DEPTH: 0 in GitLab.")  # fmt: skip
        return f"Fetch it (git fetch origin), and name it as git does, as origin/{name}."

    def _answer(self, *words: str, asked: bytes = b"") -> bytes:
        done = self._ask(*words, asked=asked)
        if done.code:
            raise _refused(done.complaint)
        return done.said

    def _ask(self, *words: str, asked: bytes = b"") -> _Answer:
        """Run git once; raises UsageError if there is no git, no end to it, or too much of it."""
        import subprocess
        from tempfile import TemporaryFile

        known = {name: os.environ[name] for name in _KEPT if name in os.environ}
        command = ["git", *_SAFE, "-C", str(self.root), *words]
        # NOTE: files, since a pipe that nobody reads from in time would stop both sides.
        with TemporaryFile() as question, TemporaryFile() as complaint:
            question.write(asked)
            question.seek(0)
            try:
                process = subprocess.Popen(
                    command, stdin=question, stdout=subprocess.PIPE, stderr=complaint,
                    env={**known, **_FORBIDDING},
                )  # fmt: skip
            except FileNotFoundError as error:
                raise UsageError(
                    "git is not installed here", "Install it, or leave --since out."
                ) from error
            try:
                said = _bounded(process, time.monotonic() + _SECONDS)
            finally:
                process.kill()
                process.wait()
            complaint.seek(0)
            text = complaint.read(_COMPLAINT).decode("utf-8", "replace").strip()
            return _Answer(process.returncode, said, text)


class _Answer(NamedTuple):
    """What git ended with, said, and complained of."""

    code: int
    said: bytes
    complaint: str


def _bounded(process: subprocess.Popen[bytes], end: float) -> bytes:
    """Return what git says, up to its end.

    Raises UsageError if that is more than any repository has reason for: trees that hold each other
    many times over list more files than there is memory.
    """
    import select

    if process.stdout is None:
        raise RuntimeError("git was started without a pipe")
    pieces: list[bytes] = []
    size = 0
    with process.stdout as stream:
        while True:
            ready, _, _ = select.select([stream], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise UsageError(f"git did not answer within {_SECONDS:g} s", "Try it by hand.")
            piece = os.read(stream.fileno(), _PIECE)
            if not piece:
                process.wait(max(0.1, end - time.monotonic()))
                return b"".join(pieces)
            pieces.append(piece)
            size += len(piece)
            if size > MOST:
                raise UsageError(
                    f"git lists more than {MOST // 2**20} MiB of that revision",
                    "Compare a smaller repository, or use --baseline.",
                )


def repository_around(path: Path) -> Repository | None:
    """Return the repository that a path lies in, as its names are shown by; None if in none."""
    whole = Path(os.path.realpath(path))
    for folder in (whole, *whole.parents):
        if os.path.lexists(folder / ".git"):
            return Repository(folder)
    return None


def _require_revision(ref: str) -> None:
    """Refuse what git would take for an option, or for more than one revision."""
    name = ref.removesuffix(_TO_HEAD)
    if not name or name.startswith("-") or ".." in name or not name.isprintable():
        raise UsageError(
            f"{ref!r} names no single revision",
            "Name a branch, a tag or a commit; origin/main... is where this branch left it.",
        )


def _refused(complaint: str) -> UsageError:
    """Return the error for what git itself says no to, in its first words."""
    first = complaint.splitlines()[0][:300] if complaint else "it said nothing"
    owner = "dubious ownership" in complaint
    remedy = "git config --global --add safe.directory FOLDER, if you trust what is in it."
    return UsageError(f"git refuses: {first.removeprefix('fatal: ')}",
                      remedy if owner else "Try the same by hand: git ls-tree REF")  # fmt: skip
