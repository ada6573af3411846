"""Lets the tests of this folder use what the lab's tests judge by: tests/lab/support."""

from __future__ import annotations

import sys
from pathlib import Path

_LAB = str(Path(__file__).resolve().parents[1] / "lab")
if _LAB not in sys.path:
    sys.path.insert(0, _LAB)
