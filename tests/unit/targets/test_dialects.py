"""The table of kinds of files: each has a reader, a recogniser, and words of the vocabulary."""

from __future__ import annotations

from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path

import pytest

from isoaudit.facts.vocabulary import facts, parts
from isoaudit.facts.vocabulary.files import said_in
from isoaudit.model import Kind
from isoaudit.model.dialects import DIALECTS, may_declare
from isoaudit.targets.recognise import recognise

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
FILES = [
    p for p in sorted(EXAMPLES.glob("*/**/*"))
    if p.is_file() and may_declare(p.name) and not p.name.endswith(".gz")
    and EXAMPLES / "ci" not in p.parents
]  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_kind_has_what_reads_it(dialect) -> None:
    """The table names it as text, so that nothing is imported before it is used."""
    module, _, name = dialect.reader.partition(":")
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_kind_can_say_something(dialect) -> None:
    """And is of the kind of target that it is about."""
    said = [spec for spec in (*facts().values(), *parts().values())
            if dialect.name in spec.dialects]  # fmt: skip
    assert said
    assert all({dialect.kind, Kind.NAMESPACE} & set(spec.kinds) for spec in said)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_every_example_is_recognised_by_its_content(path: Path) -> None:
    """By its suffix a folder finds it."""
    known = recognise(path.read_text(), path.name)
    (dialect,) = (one for one in DIALECTS if one.name == known)
    named = any(fnmatchcase(path.name, pattern) for pattern in dialect.names)
    assert named or path.name.endswith(dialect.suffixes)


def test_every_kind_has_an_example() -> None:
    """One that shows what to do, and one what not to."""
    known = [recognise(path.read_text(), path.name) for path in FILES]
    assert {dialect.name for dialect in DIALECTS} == set(known)
    assert all(known.count(dialect.name) >= 2 for dialect in DIALECTS)


def test_what_files_can_say_is_in_the_vocabulary() -> None:
    """No word of the table of files is misspelt, and none is told twice."""
    for path, spec in {**facts(), **parts()}.items():
        assert len(spec.dialects) == len(set(spec.dialects)), path
    for name in ("disk.source", "vm.kata.debug", "vm.mmds_version", "share"):
        assert said_in(name, ())
    assert "docker_run" in said_in("port.host_port", ("compose",))
    assert "docker_run" not in said_in("container.build.privileged", ("compose",))
