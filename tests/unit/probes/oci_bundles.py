"""Bundles as `runc spec` writes them, changed in one place, and what the probe sees of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from declared_facts import Seen, seen

from isoaudit.probes.oci.probe import OciProbe

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "oci"
HARDENED = EXAMPLES / "hardened" / "config.json"

Bundle = dict[str, Any]


def bundle() -> Bundle:
    """Return the hardened example as a tree to be changed."""
    tree: Bundle = json.loads(HARDENED.read_text())
    return tree


def look(change: Callable[[Bundle], Any], shown: str = "web/config.json") -> Seen:
    """Return what the probe sees of the hardened example after a change."""
    tree = bundle()
    change(tree)
    return look_at(json.dumps(tree, indent=1), shown)


def look_at(text: str, shown: str = "web/config.json") -> Seen:
    """Return what the probe sees of a bundle's text."""
    probe = OciProbe(text, shown)
    return seen(probe.collect(probe.find()[0]))
