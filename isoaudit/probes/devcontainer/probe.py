"""The probe of devcontainer.json: one target, the container that the file asks for.

Source: containers.dev, "Dev Container metadata reference". Of an image of `build` the user is
followed, where its Dockerfile gives a number; what else is in that, its own target tells.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace

from isoaudit.documents import jsonc, made
from isoaudit.documents.beside import Beside
from isoaudit.documents.yaml import Node
from isoaudit.errors import DocumentError
from isoaudit.facts.spec import DEVCONTAINER
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.compose.origin import DOCKER, Origin
from isoaudit.probes.declared import Sheet
from isoaudit.probes.devcontainer.options import common_options, own_options, unknown_features
from isoaudit.probes.devcontainer.project import service_facts as compose_facts
from isoaudit.probes.devcontainer.values import FOLDER, Places, text_of, workspace
from isoaudit.probes.dockerfile.probe import DockerfileProbe
from isoaudit.probes.run_line.origins import run_origin
from isoaudit.probes.run_line.service import Asked, service_facts, service_node
from isoaudit.probes.run_line.words import RunWord, literal

_REMEDY = "Write the value into the file, or scan the running container."
_LABELLED = "/devcontainers/"
"""In the names of images that ask for more by a label of their own (`devcontainer.metadata`)."""

_SPELLINGS = {
    "privileged": "privileged",
    "cap_add": "capAdd",
    "security_opt": "securityOpt",
    "user": "containerUser",
    "volumes": "mounts",
    "ports": "appPort",
    "environment": "containerEnv",
}


class DevcontainerProbe:
    """Reads one devcontainer.json; raises DocumentError if it is none."""

    def __init__(self, text: str, shown: str, beside: Beside | None = None) -> None:
        self._shown = shown
        self._beside = beside or Beside(None, shown)
        self._config = jsonc.load(text, shown)
        if not self._config.is_map:
            raise self._config.error("a devcontainer.json holds an object")
        folder = posixpath.dirname(shown) or posixpath.basename(self._beside.folder.path)
        self._places = _places(self._config, workspace(folder))
        name = posixpath.basename(folder)
        self._name = "devcontainer" if name in {"", ".", FOLDER} else name

    def find(self) -> Sequence[Target]:
        """Return the one target of the file."""
        return [
            Target(
                id=f"{DEVCONTAINER}:{self._shown}",
                kind=Kind.CONTAINER,
                name=self._name,
                state="declared",
                handle=self._name,
                dialect=DEVCONTAINER,
                location=self._config.location,
            )
        ]

    def collect(self, target: Target) -> FactSet:
        """Return what the file asks for; raises DocumentError where it is malformed."""
        asked = self._asked()
        if self._config.get("dockerComposeFile") is not None:
            found = compose_facts(self._config, asked.node, asked.doubt, self._beside, DEVCONTAINER)
        else:
            found = service_facts(asked, target.name, _origin())
        return found.merge(self._host_command())

    def _asked(self) -> Asked:
        config, places = self._config, self._places
        words = list(common_options(config, places))
        alone = config.get("dockerComposeFile") is None
        if alone:
            words = [*self._built_user(), *words, *own_options(config, places)]
        asked = service_node(words, DOCKER, config.location, has_image=False)
        image = config.get("image")
        if alone and image is not None:
            entries = dict(asked.node.keyed())
            value = made.scalar(text_of(image, places), image.location)
            entries["image"] = (made.scalar("image", image.location), value)
            asked = asked._replace(node=made.mapping(entries, config.location))
        elif alone and config.get("build") is None and config.get("dockerFile") is None:
            raise config.error("names no image, no Dockerfile and no file of compose")
        return asked._replace(doubt=asked.doubt or _doubt(config, image))

    def _built_user(self) -> Iterator[RunWord]:
        """Yield the user that the Dockerfile of `build` names; one that the file names follows.

        None where another stage or other variables are asked for than those the Dockerfile has.
        """
        config = self._config
        named = config.get("build", "dockerfile") if _is_map(config, "build") else None
        named = named or config.get("dockerFile")
        if named is None or any(config.get("build", key) for key in ("target", "args", "options")):
            return
        file = self._beside.read(named.text())
        if file.why:
            return
        try:
            user = DockerfileProbe(file.text, file.shown).user()
        except DocumentError:
            return  # told where the Dockerfile itself is scanned
        if user is not None:
            yield literal(f"--user={user[0]}", user[1].location)

    def _host_command(self) -> FactSet:
        """Note whether a command runs on the machine of whoever opens the project."""
        sheet = Sheet(self._config)
        command = self._config.get("initializeCommand")
        if command is not None and (not command.is_scalar or command.text()):
            sheet.say("container.host_command", True, command)
        else:
            sheet.default("container.host_command", False, "no initializeCommand")
        return sheet.factset()


def _is_map(config: Node, key: str) -> bool:
    node = config.get(key)
    return node is not None and node.is_map


def _places(config: Node, outside: str) -> Places:
    inside = config.get("workspaceFolder")
    if inside is None or not inside.is_scalar:
        return Places(outside)
    text = text_of(inside, Places(outside))
    return Places(outside, text.replace("$$", "$")) if "${" not in text else Places(outside)


def _doubt(config: Node, image: Node | None) -> str:
    """Return why more may be asked for than the file says."""
    unknown = unknown_features(config)
    if unknown:
        return f"the feature {unknown[0][:100]} may ask for more"
    if image is not None and _LABELLED in image.text():
        return "the image may ask for more by its label devcontainer.metadata"
    return ""


def _origin() -> Origin:
    return replace(
        run_origin(DOCKER, platform=DEVCONTAINER),
        noun=DEVCONTAINER,
        remedy=_REMEDY,
        spellings=_SPELLINGS,
    )
