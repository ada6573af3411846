"""Waivers among the labels that a container was given, those that its image brought left out.

Whoever builds an image must not decide what is said of those who run it. The engine's answer mixes
both kinds of labels, so that the image's own are asked for where a waiver is among them.
Sources: Docker Engine API (ContainerInspect, ImageInspect).
"""

from __future__ import annotations

from isoaudit.model import Reason
from isoaudit.probes.base import Notes
from isoaudit.probes.docker.answer import Answer
from isoaudit.transports import EngineApi, Unreadable

_PREFIX = "isoaudit.ignore."
_PATH = "container.waivers"
_MOST = 100
_LONGEST = 1000


def note_waivers(notes: Notes, inspect: Answer, api: EngineApi) -> None:
    """Note what the container's own labels waive; nothing if no label of it is a waiver."""
    config = inspect.below("Config")
    ours = _waivers(config)
    if not ours:
        return
    names = ", ".join(sorted(ours))[:_LONGEST]
    try:
        image = Answer(api.image(inspect.text("Image") or ""), "", inspect.engine)
    except Unreadable as error:
        detail = f"{names}: whether the image brought them is not known: {error.cause}"
        notes.missing(_PATH, error.reason, detail, error.remedy)
        return
    # NOTE: engines of API 1.50 and later leave out what is empty: no labels are none.
    if not image.table("Config"):
        detail = f"{names}: whether the image brought them is not in the engine's answer"
        notes.missing(_PATH, Reason.NOT_SUPPORTED, detail, "Waive them in a waiver file instead.")
        return
    brought = _waivers(image.below("Config"))
    own = [
        f"{name.removeprefix(_PREFIX)}={words}"
        for name, words in sorted(ours.items())
        if brought.get(name) != words
    ]
    if own:
        notes.fact(_PATH, own[:_MOST], config.source("Labels"))


def _waivers(config: Answer) -> dict[str, str]:
    labels = config.table("Labels") or {}
    return {
        name: words[:_LONGEST]
        for name, words in labels.items()
        if name.startswith(_PREFIX) and isinstance(words, str)
    }
