"""Less evidence never looks better: one answer of a recorded run at a time is taken away."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pytest
from support import labels
from support.replaying import ENGINES, Tapes, in_place, opened, tapes

from isoaudit.audit import Request, audit
from isoaudit.audit.common import Limits
from isoaudit.model import RunError, Status, TargetResult
from isoaudit.probes.host import HostProbe
from isoaudit.probes.table import Opened
from isoaudit.resources import data_dir
from isoaudit.rules.check import Check
from isoaudit.rules.catalogue import load_catalogue
from isoaudit.targets.address import parse
from isoaudit.transports import EngineApi
from isoaudit.transports.tape import Tape, record, replay

REMOVALS = 80
"""Answers taken away per engine: one of every kind of question first, then any."""

OPEN = frozenset({Status.FAIL, Status.UNKNOWN})
DENIED = {"error": ["permission_denied", "taken away by the test", "", False]}
WEAKEST = {"docker": "isolab-root", "podman": "isolab-root", "libvirt": "isolab-legacy"}
"""The target that is audited when what is taken away belongs to all of them."""

Question = tuple[str, str]
"""The tape that holds an answer, `api` or `files`, and its key there."""

Statuses = dict[str, dict[str, Status]]
"""`{target: {check: its worst status}}`."""
