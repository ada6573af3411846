"""OCI bundles as files: how they are known, what they are called, and hostile ones."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from oci_bundles import EXAMPLES, bundle, look

from isoaudit.errors import DocumentError
from isoaudit.probes.oci.probe import OciProbe
from isoaudit.targets.recognise import recognise

WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**64, 1.5, "", "x", "/", "a:b:c", "\u001b[31m", "0" * 5000),
    *([], [[]], [None], {}, {"x": {}}, ["x"], [{"type": "x", "path": 1}]),
)


def test_a_bundle_is_known_by_its_version_and_a_part() -> None:
    """Under any name that ends in .json; the bare word proves nothing."""
    text = (EXAMPLES / "risky" / "config.json").read_text()
    assert "oci" == recognise(text, "config.json")
    assert "oci" == recognise(json.dumps(json.loads(text)), "saved.json")
    late = {"annotations": {"x": "y" * 100_000}, **json.loads(text)}
    assert "oci" == recognise(json.dumps(late), "config.json")
    assert recognise('{"ociVersion": "1.0.2", "id": "web", "status": "running"}', "s.json") is None
    assert recognise('{"about": "ociVersion"}', "package.json") is None


def test_a_bundle_is_called_after_its_annotation_or_folder() -> None:
    """A file of another name is called after its host name."""

    def name(shown: str, **more: Any) -> str:
        return OciProbe(json.dumps({**bundle(), **more}), shown).find()[0].name

    assert "web" == name("bundles/web/config.json")
    annotated = {"io.kubernetes.cri.container-name": "api"}
    assert "api" == name("bundles/web/config.json", annotations=annotated)
    assert "hardened" == name("saved.json")
    assert "hardened" == name("overlay-containers/0123/userdata/config.json")


def test_the_image_is_known_where_an_annotation_names_it() -> None:
    """Else only the engine knows it."""
    assert "container.image.reference" in look(lambda tree: None).missing
    named = {"io.kubernetes.cri.image-name": "registry.example/app@sha256:00"}
    facts = look(lambda tree: tree.update(annotations=named)).facts
    assert facts["container.image.pinned"] is True


def test_a_container_for_another_system_is_said_to_be_one() -> None:
    """Nothing of it passes or fails."""
    text = json.dumps({"ociVersion": "1.0.2", "process": {}, "windows": {"layerFolders": ["C:"]}})
    probe = OciProbe(text, "config.json")
    found = probe.collect(probe.find()[0])
    assert "a container for Windows" in found.missing["process"][0].detail
    assert not found.parts


@pytest.mark.parametrize("text", ["[]", "7", '"x"', "{", '{"a": 1, "a": 2}'])
def test_what_is_no_object_is_refused_with_its_place(text: str) -> None:
    """One line, which begins with file and position."""
    with pytest.raises(DocumentError, match=r"^c.json:\d+:\d+: "):
        probe = OciProbe(text, "c.json")
        probe.collect(probe.find()[0])


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Return every container of the tree with each of its keys or indexes."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    found = [(tree, key) for key in keys]
    for key in keys:
        if isinstance(tree[key], dict | list):
            found += _places(tree[key])
    return found


def test_every_value_of_any_other_type_is_refused_or_read() -> None:
    """Never another exception than DocumentError, whatever stands in a place of the example."""
    count = len(_places(bundle()))
    dice = random.Random(5)  # noqa: S311 - no secret hangs on it
    refused = read = 0
    for number in range(count):
        for value in dice.sample(WRONG, 4):
            tree = bundle()
            holder, key = _places(tree)[number]
            holder[key] = value
            try:
                probe = OciProbe(json.dumps(tree), "config.json")
                probe.collect(probe.find()[0]).to_json()
                read += 1
            except DocumentError as error:
                assert str(error).startswith("config.json:")
                refused += 1
    assert refused > 100
    assert read > 100


def test_long_lists_are_read_in_a_moment() -> None:
    """Ten thousand hooks beside ten thousand writable mounts are no hundred million questions."""

    def change(tree) -> None:
        tree["hooks"] = {"prestart": [{"path": f"/h/{n}"} for n in range(10_000)]}
        tree["mounts"] = [{"destination": f"/m/{n}", "source": f"/s/{n}", "options": ["bind"]}
                          for n in range(10_000)]  # fmt: skip

    seen = look(change)
    assert "more than 2000" in seen.incomplete("hook")
    assert "more than 2000" in seen.incomplete("mount")
