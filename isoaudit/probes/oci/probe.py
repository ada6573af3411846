"""OCI runtime configurations: what a bundle asks its runtime for.

Source: the OCI runtime specification (config, config-linux). What the image holds, and what a
runtime adds by itself, is not in the file and is noted as missing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from isoaudit.documents import yaml
from isoaudit.documents.yaml import Node
from isoaudit.errors import TargetError
from isoaudit.model import FactSet, Kind, Target
from isoaudit.probes.oci.bundle import Bundle, text, word
from isoaudit.probes.oci.confinement import note_confinement
from isoaudit.probes.oci.credentials import note_credentials
from isoaudit.probes.oci.devices import note_devices
from isoaudit.probes.oci.hooks import note_hooks
from isoaudit.probes.oci.limits import note_limits
from isoaudit.probes.oci.mounts import note_mounts
from isoaudit.probes.oci.namespaces import note_namespaces
from isoaudit.probes.oci.settings import note_settings
from isoaudit.probes.oci.spelling import refuse_other_spellings

DIALECT = "oci"

_NAMES = ("io.kubernetes.cri.container-name", "io.kubernetes.container.name",
          "io.kubernetes.cri-o.ContainerName", "nerdctl/name", "io.podman.annotations.name",
          "org.opencontainers.container.name")  # fmt: skip
"""Annotations under which an engine leaves the container's name."""

_OTHER_SYSTEMS = {
    "windows": "Windows",
    "solaris": "Solaris",
    "freebsd": "FreeBSD",
    "zos": "z/OS",
    "vm": "a virtual machine of its own",
}
_LONGEST_NAME = 255
_NO_NAMES = frozenset({"userdata", "bundle"})
"""Folders that engines put every container's bundle into: podman, CRI-O, buildah."""

_ALL = ("container", "process", "mount", "device", "device_rule", "environment", "sysctl", "hook")


class OciProbe:
    """Reads the one container of a `config.json`; `shown` is the path by which it is named."""

    def __init__(self, text: str, shown: str) -> None:
        self._root = yaml.load(text, shown)
        self._shown = shown

    def find(self) -> Sequence[Target]:
        """Return the container; raises DocumentError if the file is none of a bundle's."""
        if not self._root.is_map:
            raise self._root.error("a JSON object is expected here")
        refuse_other_spellings(self._root)
        return [
            Target(
                id=f"{DIALECT}:{self._shown}",
                kind=Kind.CONTAINER,
                name=self._name()[:_LONGEST_NAME],
                state="declared",
                handle=self._shown,
                dialect=DIALECT,
                location=self._root.location,
            )
        ]

    def collect(self, target: Target) -> FactSet:
        """Return what the file asks for; raises DocumentError where it is malformed."""
        if target.handle != self._shown:
            raise TargetError(f"{self._shown}: no container {target.handle!r}", "Scan it anew.")
        bundle = Bundle(self._root)
        other = _other_system(self._root)
        bundle.facts.say("container.platform", DIALECT, self._root, "a bundle")
        if other:
            why = f"a container for {other}: only what is for Linux is read"
            for path in _ALL:
                bundle.facts.unknown(path, why)
            return bundle.facts.factset()
        note_settings(bundle)
        note_credentials(bundle)
        note_confinement(bundle)
        note_namespaces(bundle)
        note_limits(bundle)
        note_mounts(bundle)
        note_devices(bundle)
        note_hooks(bundle)
        bundle.facts.part("process", [bundle.process.record()])
        return bundle.facts.factset()

    def _name(self) -> str:
        """Return the name an engine noted, else that of the bundle's folder, else the file's."""
        annotated = Bundle(self._root).annotation(*_NAMES)
        if annotated is not None:
            return text(annotated)
        folder, file = posixpath.split(self._shown)
        own = posixpath.basename(folder) if file == "config.json" else ""
        own = "" if own in _NO_NAMES else own
        return own or word(self._root, "hostname") or file.partition(".")[0] or self._shown


def _other_system(root: Node) -> str:
    """Return the system other than Linux that a configuration is for, "" if it is for Linux."""
    if root.get("linux") is not None:
        return ""
    return next((title for key, title in _OTHER_SYSTEMS.items() if root.get(key) is not None), "")
