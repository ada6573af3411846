"""The probe of Quadlet files: what a `.container` file asks podman for, with what lies beside it.

Sources: podman-systemd.unit(5); systemd.resource-control(5) for the limits of the service. The
other kinds (`.pod`, `.volume`, `.network`) count where a container names them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import replace

from isoaudit.documents import made, unit
from isoaudit.documents.beside import Beside
from isoaudit.documents.variables import NONE, waiting_for
from isoaudit.errors import DocumentError, TargetError
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.compose.declare import declared_facts
from isoaudit.probes.compose.layer import Layer
from isoaudit.probes.compose.origin import PODMAN, Origin
from isoaudit.probes.compose.service import Service
from isoaudit.probes.quadlet.container import SECTION, Keys
from isoaudit.probes.quadlet.keys import SPELLINGS
from isoaudit.probes.quadlet.pod import ask_pod
from isoaudit.probes.quadlet.specifiers import Specifiers
from isoaudit.probes.quadlet.units import Units
from isoaudit.probes.run_line.asked import asked_for
from isoaudit.probes.run_line.draft import Around, Draft
from isoaudit.probes.run_line.finish import finish
from isoaudit.probes.run_line.origins import default_network
from isoaudit.probes.run_line.words import RunWord
from isoaudit.probes.systemd_file.drop_ins import with_drop_ins

DIALECT = "quadlet"
_USERS = re.compile(r"(?:^|/)(?:\.config/containers/systemd|containers/systemd/users)/")
_SYSTEMS = re.compile(r"(?:^|/)(?:etc|run|usr/share)/containers/systemd/")
_SYSTEM_TARGET = "multi-user.target"
_REMEDY = "Write the value into the file, or scan the running container."
_LONGEST_NAME = 255
_PERCENT = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)%")


class QuadletProbe:
    """Reads one Quadlet file; raises DocumentError if Quadlet would refuse it."""

    def __init__(self, text: str, shown: str, beside: Beside | None = None) -> None:
        self._shown = shown
        self._beside = beside
        own = unit.load(text, shown)
        self._unit = with_drop_ins(own, beside) if beside is not None else own
        if self._unit.stray:
            raise DocumentError(
                f"{self._unit.stray[0]}: no section, comment or assignment: Quadlet refuses it",
                "Correct the file and scan again.",
            )
        headers = [place for name, place in self._unit.sections if name == SECTION]
        self._anchor = headers[0] if headers else None
        if self._anchor is None and (beside is None or beside.scan is None):
            raise DocumentError(
                f"{shown}: declares no container of its own",
                "Name the .container files, or the Kubernetes file that it names.",
            )
        self._rootless = self._runs_rootless()

    def find(self) -> Sequence[Target]:
        """Return the container of the file, none for a pod or another kind of unit."""
        if self._anchor is None:
            return []
        return [
            Target(
                id=f"{DIALECT}:{self._shown}",
                kind=Kind.CONTAINER,
                name=self._name(),
                state="declared",
                handle=self._shown,
                dialect=DIALECT,
                location=self._anchor,
            )
        ]

    def collect(self, target: Target) -> FactSet:
        """Return what the file asks for.

        Raises TargetError if it has no container, DocumentError for a value podman does not take.
        """
        if self._anchor is None:
            raise TargetError(f"{self._shown}: no container in it")
        keys = self._keys()
        options = keys.options()
        units = Units(self._beside, of_system=self._rootless is False)
        draft = Draft(self._anchor, Around(layer=self._layer()))
        pod, doubt = keys.word("Pod"), ""
        if pod is not None:
            doubt = ask_pod(draft, pod, units)
        for given in options.given:
            asked_for(draft, units.settled(draft, given), PODMAN)
        image = keys.word("Image")
        if image is not None:
            draft.put(("image",), units.image(image))
        self._ask_service(draft)
        document = finish(draft, PODMAN, keys.words("Exec"))
        node = draft.build(options.open_end)
        origin = replace(self._origin(), doubt=options.doubt or doubt)
        key = made.scalar(target.name, self._anchor)
        return declared_facts(Service(target.name, key, node, document, origin))

    def _keys(self) -> Keys:
        specifiers = Specifiers(self._shown, of_system=self._rootless is False)
        return Keys(self._unit, SECTION, specifiers)

    def _name(self) -> str:
        """Return the container's name, else the file's."""
        word = self._keys().word("ContainerName")
        if word is not None and word.known and word.text:
            return word.text[:_LONGEST_NAME]
        stem = posixpath.basename(self._shown).removesuffix(".container")
        return stem[:_LONGEST_NAME] or self._shown[:_LONGEST_NAME]

    def _layer(self) -> Layer | None:
        if self._beside is None:
            return None
        return Layer(self._beside, self._beside.folder, NONE)

    def _runs_rootless(self) -> bool | None:
        """Say by folder and target whether an ordinary user's systemd reads it, None if neither
        tells."""
        if _USERS.search(self._shown):
            return True
        wanted = [*self._unit.all("Install", "WantedBy", "RequiredBy")]
        if _SYSTEMS.search(self._shown) or any(_SYSTEM_TARGET in e.value for e in wanted):
            return False
        return None

    def _origin(self) -> Origin:
        return Origin(
            DIALECT,
            PODMAN,
            noun="Quadlet file",
            remedy=_REMEDY,
            spellings=SPELLINGS,
            project=False,
            rootless=self._rootless,
            network=default_network(PODMAN, self._rootless),
        )

    def _ask_service(self, draft: Draft) -> None:
        """Take over the limits of the service, whose control group the container is in."""
        mode = draft.get("cgroups")
        if mode is not None and mode.text() != "split":
            return
        for key, option in (
            ("MemoryMax", "mem_limit"), ("TasksMax", "pids_limit"), ("CPUQuota", "cpus")
        ):  # fmt: skip
            entry = self._unit.last("Service", key)
            if entry is not None and draft.get(option) is None:
                text = _limit(key, entry.value)
                if text:
                    draft.put((option,), RunWord(text, entry.location))


def _limit(key: str, value: str) -> str:
    """Return a limit of systemd's as podman's option has it, "" for none."""
    if value == "infinity":
        return ""
    percent = _PERCENT.fullmatch(value)
    if percent is not None and key == "CPUQuota":
        return str(float(percent[1]) / 100)
    if percent is not None:
        return waiting_for("the size of the machine")
    return value
