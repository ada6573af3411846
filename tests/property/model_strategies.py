"""Hypothesis strategies for every value of the model."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from isoaudit.model import (
    Fact,
    FactSet,
    Finding,
    Kind,
    Location,
    Missing,
    Outcome,
    Part,
    Reason,
    Record,
    RunError,
    Severity,
    Status,
    Target,
    Vantage,
)

QUICK = settings(max_examples=30, deadline=None)
"""Enough for values without a decision in them; a busy machine is no failure."""

TEXT = st.text(st.characters(codec=None, categories=None), max_size=8)
"""Any characters, lone surrogates too: names of files are such."""

PATHS = st.sampled_from(["container.privileged", "mount.source", "process.uid", "vm.name"])
VALUES = st.one_of(st.booleans(), st.integers(), TEXT, st.lists(TEXT, max_size=3).map(tuple))
NUMBERS = st.none() | st.integers(min_value=1, max_value=99_999)
LOCATIONS = st.builds(Location, TEXT, NUMBERS, NUMBERS)
VANTAGES = st.sampled_from(Vantage)
FACTS = st.builds(Fact, PATHS, VALUES, TEXT, VANTAGES, st.none() | LOCATIONS)
MISSING = st.builds(Missing, PATHS, st.sampled_from(Reason), TEXT, TEXT, st.none() | VANTAGES)
RECORDS = st.builds(Record.of, st.lists(FACTS, max_size=3), st.lists(MISSING, max_size=2))
PARTS = st.builds(
    Part,
    st.sampled_from(["mount", "process", "device"]),
    VANTAGES,
    st.lists(RECORDS, max_size=3).map(tuple),
    st.none() | MISSING,
)
FACTSETS = st.builds(
    FactSet.of,
    st.lists(FACTS, max_size=5),
    st.lists(PARTS, max_size=3),
    st.lists(MISSING, max_size=3),
)
OUTCOMES = st.builds(
    Outcome,
    TEXT,
    st.sampled_from(Severity),
    st.sampled_from(Status),
    TEXT,
    st.lists(FACTS, max_size=3).map(tuple),
    st.lists(MISSING, max_size=3).map(tuple),
)
FINDINGS = st.builds(Finding, OUTCOMES, TEXT)
_ALIASES = st.lists(TEXT, max_size=2).map(tuple)
LIVE_TARGETS = st.builds(
    Target, id=TEXT, kind=st.sampled_from(Kind), name=TEXT, state=TEXT, engine=TEXT,
    host=st.none() | TEXT, aliases=_ALIASES,
)  # fmt: skip
FILE_TARGETS = st.builds(
    Target, id=TEXT, kind=st.sampled_from(Kind), name=TEXT, state=TEXT, dialect=TEXT,
    location=st.builds(Location, TEXT, NUMBERS, st.none()), aliases=_ALIASES,
)  # fmt: skip
RUN_ERRORS = st.builds(RunError, TEXT, TEXT, TEXT, TEXT, st.booleans())
