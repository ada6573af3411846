"""Waivers among a container's labels: its own, never those that its image brought."""

from __future__ import annotations

import json
from typing import Any

import pytest
from docker_tapes import ID, inspected

from isoaudit.model import FactSet, Missing, Reason
from isoaudit.probes.docker.probe import DockerProbe
from isoaudit.transports import EngineApi
from isoaudit.transports.tape import replay

IMAGE = "sha256:" + "cd" * 32
PATH = "container.waivers"


def _seen(labels: Any, image: dict[str, Any] | None) -> FactSet:
    """Return what is seen of a container with labels; `image` is the call that answers for it."""
    inspect = inspected()
    inspect["Image"] = IMAGE
    inspect["Config"]["Labels"] = labels
    calls: dict[str, Any] = {
        '["containers"]': {"answer": [{"Id": ID, "Names": ["/web"], "State": "created"}]},
        '["info"]': {"answer": {"SecurityOptions": []}},
        json.dumps(["inspect", ID]): {"answer": inspect},
    }
    if image is not None:
        calls[json.dumps(["image", IMAGE])] = image
    attributes = {"endpoint": "unix:///var/run/docker.sock", "engine": "docker", "local": True}
    probe = DockerProbe(replay({"attributes": attributes, "calls": calls}, EngineApi))
    return probe.collect(probe.find()[0])


def _brought(labels: Any) -> dict[str, Any]:
    return {"answer": {"Config": {"Labels": labels}}}


OWN = {"isoaudit.ignore.CAP-003": "the agent loads programs", "other": "label"}


@pytest.mark.parametrize(
    ("image", "noted"),
    [
        (None, None),
        ({}, None),
        ({"other": "label"}, None),
        ({"isoaudit.ignore.CAP-003": "the agent loads programs"}, ()),
        ({"isoaudit.ignore.CAP-003": "the image says so"}, None),
    ],
)
def test_labels_that_the_image_brought_are_left_out(image: Any, noted: Any) -> None:
    """What was given to the container has another value, or no place in the image."""
    seen = _seen(OWN, _brought(image))
    values = tuple(fact.value for fact in seen.facts.get(PATH, ()))
    expected = noted if noted is not None else (("CAP-003=the agent loads programs",),)

    assert expected == values


@pytest.mark.parametrize(
    "image",
    [
        None,
        {"error": ["vanished", "no such image", "Scan again.", False]},
        {"answer": {}},
        {"answer": {"Config": None}},
        {"answer": {"Config": {}}},
    ],
)
def test_where_the_images_labels_are_not_known_none_count(image: dict[str, Any] | None) -> None:
    """The waiver is missing then, with the reason, and never believed."""
    seen = _seen(OWN, image)
    missing: tuple[Missing, ...] = seen.missing[PATH]

    assert PATH not in seen.facts
    assert "isoaudit.ignore.CAP-003" in missing[0].detail
    assert missing[0].reason in {Reason.NOT_SUPPORTED, Reason.VANISHED}


@pytest.mark.parametrize("labels", [None, {}, {"other": "label"}, ["isoaudit.ignore.A-1=x"], 3])
def test_without_a_waiver_the_image_is_not_asked_for(labels: Any) -> None:
    """Nothing is noted then, and nothing is missing."""
    seen = _seen(labels, None)

    assert PATH not in seen.facts
    assert PATH not in seen.missing


def test_an_image_without_labels_brought_none() -> None:
    """Newer engines leave out what is empty."""
    seen = _seen(OWN, {"answer": {"Config": {"Env": []}}})

    assert ("CAP-003=the agent loads programs",) == seen.facts[PATH][0].value


def test_a_label_that_is_no_text_is_no_waiver() -> None:
    """An engine, or what answers as one, may say anything."""
    seen = _seen({"isoaudit.ignore.CAP-003": ["x"], "isoaudit.ignore.CAP-004": "it is needed"},
                 _brought({}))  # fmt: skip

    assert ("CAP-004=it is needed",) == seen.facts[PATH][0].value
