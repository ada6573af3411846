"""Dockerfiles: one target per file, the image that it builds by default.

Source: the Dockerfile reference. How a container of the image is started, and with what, stands
elsewhere: of that the file says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.documents.dockerfile import Spot, load
from isoaudit.facts.spec import DOCKERFILE
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.declared import Sheet
from isoaudit.probes.dockerfile.images import images
from isoaudit.probes.dockerfile.inputs import inputs
from isoaudit.probes.dockerfile.settings import note_settings, numeric_user
from isoaudit.probes.dockerfile.stages import Stages
from isoaudit.probes.dockerfile.steps import steps


class DockerfileProbe:
    """Reads one Dockerfile; raises DocumentError for what BuildKit would refuse to build."""

    def __init__(self, text: str, shown: str) -> None:
        self._shown = shown
        self._file = load(text, shown)
        self._stages = Stages(self._file, shown)

    def find(self) -> Sequence[Target]:
        """Return the one target of the file."""
        last = self._stages.last
        return [
            Target(
                id=f"{DOCKERFILE}:{self._shown}",
                kind=Kind.CONTAINER,
                name=self._shown.rpartition("/")[2],
                state="declared",
                handle=self._shown,
                dialect=DOCKERFILE,
                location=last.spot.location,
            )
        ]

    def user(self) -> tuple[str, Spot] | None:
        """Return the uid that the image runs as, where the file gives it as a number, or root."""
        return numeric_user(self._stages.last)

    def collect(self, _target: Target) -> FactSet:
        """Return what the file declares of the image, and of how it is built."""
        last, built = self._stages.last, self._stages.built()
        sheet = Sheet(Spot(last.spot.location))
        sheet.say("container.platform", DOCKERFILE, last.spot, "the last stage")
        note_settings(sheet, last)
        sheet.part("base_image", images(self._file, built))
        sheet.part("build_step", steps(built, last))
        given, unread = inputs(self._stages, built)
        sheet.part("build_input", given, unread)
        return sheet.factset()
