"""Lays out what a repository held at a revision: the deployment files, and what is read beside.

Paths and contents of a revision are anybody's. They are written below a folder of their own, which
only this user may enter: no name that climbs, files before links, links only within.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from isoaudit.documents.limits import MAX_BYTES
from isoaudit.errors import UsageError
from isoaudit.model.dialects import may_declare
from isoaudit.transports.git import Blob, Repository, repository_around

MAX_FILES = 50_000
MAX_TOTAL = 1024 * 2**20
"""Most that is laid out of one revision, in files and in bytes."""

_BESIDE = frozenset({".gitignore", ".dockerignore", ".containerignore"})


def root_around(path: Path) -> Path | None:
    """Return the root of the repository that a path lies in, None if it lies in none."""
    found = repository_around(path)
    return found.root if found else None


def reader_at(root: Path, ref: str) -> Callable[[str], bytes | None]:
    """Return what reads single files of a repository as they were, by their paths from its root.

    Raises UsageError for a revision that git does not know.
    """
    repository = Repository(root)
    return partial(repository.file_at, repository.commit_of(ref))


@contextmanager
def laid_out(repository: Repository, commit: str) -> Iterator[Path]:
    """Yield a folder with the files of a commit that may declare workloads; it is gone afterwards.

    It has the name of the repository's own folder, and a `.git` in it, so that files are shown by
    the names they have in the repository. Raises UsageError for more than is to be laid out.
    """
    # NOTE: imported here, as every scan asks where its repository begins, and few lay one out.
    import shutil
    import tempfile

    above = tempfile.mkdtemp(prefix="isoaudit-")  # mode 0700
    try:
        root = Path(above) / (repository.root.name or "root")
        (root / ".git").mkdir(parents=True)
        _lay_out(repository, commit, root)
        yield root
    finally:
        shutil.rmtree(above, ignore_errors=True)


def _lay_out(repository: Repository, commit: str, root: Path) -> None:
    wanted = [blob for blob in repository.blobs(commit) if _is_wanted(blob)]
    if len(wanted) > MAX_FILES or sum(blob.size for blob in wanted) > MAX_TOTAL:
        raise UsageError(
            f"more than {MAX_FILES} deployment files, or {MAX_TOTAL // 2**20} MiB of them, stand "
            "in that revision", "Compare a smaller repository, or use --baseline.",
        )  # fmt: skip
    links: list[tuple[str, str]] = []
    for blob, data in repository.contents(wanted):
        if blob.is_link:
            links.append((blob.path, os.fsdecode(data)))
        else:
            _write(root / blob.path, data)
    _link_all(root, links)


def _is_wanted(blob: Blob) -> bool:
    """Say whether a file may declare a workload, or be read beside one that does."""
    folder, _, name = blob.path.rpartition("/")
    if blob.size > MAX_BYTES or not _is_safe(blob.path):
        return False  # what is larger is not read today, either
    near = folder.rpartition("/")[2]
    return (
        may_declare(name)
        or name in _BESIDE
        or "env" in name.lower()
        or "env" in near.lower()
        or (name.endswith(".conf") and near.endswith(".d"))
    )


def _is_safe(path: str) -> bool:
    """Say whether a path stays below the root: git refuses others, a crafted tree may hold them."""
    parts = path.split("/")
    return "\0" not in path and not any(
        part in {"", ".", ".."} or part.lower() == ".git" for part in parts
    )


def _write(path: Path, data: bytes) -> None:
    """Write a file; of two things at one place, which no true tree has, the first one stands."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            stream.write(data)
    except (FileExistsError, NotADirectoryError):
        return
    except OSError as error:
        raise UsageError(
            f"a file of that revision cannot be laid out in {path.parents[-2]}: {error.strerror}",
            "Make room there, or set TMPDIR.",
        ) from error


def _link_all(root: Path, links: list[tuple[str, str]]) -> None:
    """Make the links that lead to places below the root, and no others.

    Where one leads can change with the next one made: so they are looked at again in the end.
    """
    made: list[Path] = []
    for path, target in links:
        place = root / path
        try:
            if not target.startswith("/") and "\0" not in target and _is_within(place.parent, root):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(target)
                made.append(place)
        except OSError:
            continue  # what cannot be made is not there: whatever it led to counts as new
    for place in made:
        if not _is_within(place, root):
            place.unlink()


def _is_within(path: Path, root: Path) -> bool:
    whole, inside = os.path.realpath(path), os.path.realpath(root)
    return whole == inside or whole.startswith(os.path.join(inside, ""))
