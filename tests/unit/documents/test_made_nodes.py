"""Nodes that were made: they read like those of a file."""

from __future__ import annotations

import pytest

from isoaudit.documents import made, yaml
from isoaudit.errors import DocumentError
from isoaudit.model import Location

WHERE = Location("run.sh", 3, 5)


def test_a_made_mapping_reads_like_one_of_a_file() -> None:
    """It has its keys, values, lists and positions."""
    name = made.scalar("cap_add", WHERE)
    several = made.sequence([made.scalar("SYS_ADMIN", Location("run.sh", 4, 1))], WHERE)
    node = made.mapping({"cap_add": (name, several)}, WHERE)

    assert node.is_map
    assert not node.is_list
    assert {"cap_add": ["SYS_ADMIN"]} == node.value()
    (element,) = node.get("cap_add").elements()
    assert Location("run.sh", 4, 1) == element.location
    assert WHERE == node.location
    with pytest.raises(DocumentError, match=r"^run.sh:3:5: a list is expected"):
        node.elements()
    with pytest.raises(DocumentError, match=r"^run.sh:3:5: a mapping is expected"):
        several.keyed()


def test_made_nodes_hold_those_of_files() -> None:
    """And each keeps its own file, place and context."""
    (document,) = yaml.load_all("a:\n  - b\n", "x.yaml", "its context")
    node = made.mapping({**document.keyed(), "c": (made.scalar("c", WHERE),) * 2}, WHERE)

    assert {"a": ["b"], "c": "c"} == node.value()
    assert "its context" == node.get("a").context
    assert node.context is None
    assert Location("x.yaml", 2, 3) == node.get("a").location
    assert "" == node.get("a").open_end


def test_a_made_mapping_may_say_that_more_belongs_in_it() -> None:
    """As when a file that it is made from could not be read."""
    assert "why" == made.mapping({}, WHERE, open_end="why").open_end
