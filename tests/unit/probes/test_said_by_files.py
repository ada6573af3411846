"""What bundles and units say is what the vocabulary says they can: all of it, and nothing else."""

from __future__ import annotations

import json

import pytest
from oci_bundles import EXAMPLES as BUNDLES
from oci_bundles import bundle, look_at
from systemd_units import EXAMPLES as UNITS
from systemd_units import unit, unit_of

from isoaudit.facts.vocabulary import facts, parts
from isoaudit.model import FactSet


def _said(found: FactSet) -> set[str]:
    """Return every path and part of which a fact set has a value."""
    said = {*found.facts, *found.parts}
    for several in found.parts.values():
        said |= {path for record in several[0].records for path in record.facts}
    return said


def _open(found: FactSet) -> set[str]:
    """Return every path that a fact set calls open."""
    entries = {*found.missing}
    for several in found.parts.values():
        entries |= {path for record in several[0].records for path in record.missing}
    return entries


def _bundles() -> list[FactSet]:
    tree = bundle()
    tree["annotations"] = {"io.kubernetes.cri.image-name": "app:1"}
    tree["linux"]["sysctl"] = {"net.ipv4.ip_forward": "0"}
    texts = [path.read_text() for path in BUNDLES.glob("*/config.json")]
    return [look_at(text).factset for text in (*texts, json.dumps(tree))]


def _units() -> list[FactSet]:
    labelled = "AppArmorProfile=web\nSELinuxContext=a:b:c:d\n"
    labelled += "DeviceAllow=/dev/kvm\nTemporaryFileSystem=/var"
    names = ("hardened", "risky")
    found = [unit_of((UNITS / f"{name}.service").read_text()) for name in names]
    return [one.factset for one in (*found, unit(labelled))]


@pytest.mark.parametrize(("dialect", "of"), [("oci", _bundles), ("systemd", _units)])
def test_a_file_says_what_its_kind_can(dialect: str, of) -> None:
    """What it never says, the vocabulary does not promise; but what it calls open, it may."""
    found = of()
    said = set().union(*(_said(one) for one in found))
    called_open = set().union(*(_open(one) for one in found))
    can = {path for path, spec in {**facts(), **parts()}.items() if dialect in spec.dialects}
    assert set() == said - can
    covered = {path for path in can for one in called_open if f"{path}.".startswith(f"{one}.")}
    assert set() == can - said - covered
