"""What an OCI bundle says of its container as a whole: image, environment, kernel parameters.

Source: the OCI runtime specification, config (process.env, annotations) and config-linux (sysctl).
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.facts.engine_address import VARIABLES, engine_address
from isoaudit.facts.redaction import looks_secret, redact_text
from isoaudit.model import Record, Value
from isoaudit.probes.declared import record
from isoaudit.probes.engine_clients import place_of
from isoaudit.probes.oci.bundle import Bundle, flag, text

_IMAGES = ("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName",
           "io.kubernetes.cri-o.Image", "org.opencontainers.image.ref.name",
           "io.containerd.image.name")  # fmt: skip
"""Annotations under which an engine leaves the image's name."""

_FORWARDING = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding")
_READ_ONLY = "container.rootfs.read_only"


def note_settings(bundle: Bundle) -> None:
    """Note the image, the root file system, the environment and kernel parameters."""
    _note_image(bundle)
    sealed = bundle.get("root", "readonly")
    if sealed is None:
        bundle.facts.default(_READ_ONLY, False, "no root.readonly: writable")
    else:
        bundle.facts.say(_READ_ONLY, flag(sealed), sealed)
    bundle.facts.part("environment", _environment(bundle))
    _note_engine(bundle)
    _note_sysctls(bundle)


def _note_image(bundle: Bundle) -> None:
    reference, pinned = "container.image.reference", "container.image.pinned"
    named = bundle.annotation(*_IMAGES)
    if named is None:
        for path in (reference, pinned):
            bundle.facts.unknown(path, "no annotation names the image", "Ask the engine for it.")
        return
    image = redact_text(text(named))
    bundle.facts.say(reference, image, named)
    bundle.facts.say(pinned, "@" in image or image.startswith("sha256:"), named)


def _environment(bundle: Bundle) -> Iterator[Record]:
    for entry in bundle.listed("process", "env"):
        name, _, value = text(entry).partition("=")
        fields: dict[str, Value] = {
            "environment.name": name,
            "environment.secret": looks_secret(name, value),
        }
        yield record(entry, fields)


def _note_engine(bundle: Bundle) -> None:
    """Note where variables say that an engine answers; whose name that is, a bundle cannot tell."""
    address_path, place_path = "container.engine_address", "container.engine_place"
    said = {text(entry).partition("=")[0]: entry for entry in bundle.listed("process", "env")}
    named = next((said[name] for name in VARIABLES if name in said), None)
    if named is None:
        remark = f"no {', '.join(VARIABLES)}"
        bundle.facts.default(address_path, "", remark)
        bundle.facts.default(place_path, "none", remark)
        return
    address = engine_address(text(named).partition("=")[2])
    if not address:
        for path in (address_path, place_path):
            bundle.facts.unknown(path, "the variable names no address that could be kept")
        return
    bundle.facts.say(address_path, address, named)
    place = place_of(address, (), on_host=False)
    if place in {"host", "socket"}:
        bundle.facts.say(place_path, place, named)
    else:
        bundle.facts.unknown(place_path, "whose name that is, who runs the bundle tells")


def _note_sysctls(bundle: Bundle) -> None:
    """Note the parameters, and whether one asks for forwarding: else the host's value holds."""
    node = bundle.get("linux", "sysctl")
    entries = [(name, text(value), value) for name, value in node.items()] if node else []
    bundle.facts.part(
        "sysctl",
        (
            record(place, {"sysctl.name": name, "sysctl.value": value.strip()})
            for name, value, place in entries
        ),
    )
    path = "container.network.forwarding"
    asked = [(value, place) for name, value, place in entries if name in _FORWARDING]
    if asked:
        bundle.facts.say(path, asked[-1][0].strip() != "0", asked[-1][1])
    else:
        how = "Set net.ipv4.ip_forward in linux.sysctl."
        bundle.facts.unknown(path, "no such sysctl: what the kernel gives a new namespace", how)
