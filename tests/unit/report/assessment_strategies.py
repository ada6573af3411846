"""Assessments with any strings in them, for property tests of reports and of the model."""

from typing import Any

from hypothesis import strategies as st

from isoaudit.model import (
    Assessment,
    Axis,
    EscapePath,
    FixChange,
    Goal,
    Interval,
    KnownWay,
    Layer,
    NotEnough,
    Openness,
    Score,
    Standing,
    Step,
    Verdict,
    Wall,
    WallKind,
    Why,
)

Strategy = st.SearchStrategy[Any]

_STEP_IDS = st.sampled_from(["ESC-001", "ESC-008", "ESC-043", "GONE-404"])
_CERTAIN = st.sampled_from([Openness.OPEN, Openness.POSSIBLE])
_RESTS_ON = st.lists(st.sampled_from(["mount.source", "process.uid"]), max_size=2).map(tuple)
_POINTS = st.integers(0, 100)
BITS = st.integers(0, 2000).map(lambda hundredths: hundredths / 100)
"""Strengths as a document holds them: with two digits."""


def _interval(ends: tuple[int, int]) -> Interval:
    return Interval(min(ends), max(ends))


INTERVALS = st.tuples(_POINTS, _POINTS).map(_interval)


def steps(texts: Strategy, facts: Strategy, missing: Strategy) -> Strategy:
    """Return steps of ways out."""
    return st.builds(
        Step, _STEP_IDS, texts, texts,
        st.lists(facts, max_size=2).map(tuple), st.lists(missing, max_size=2).map(tuple),
        texts, texts, texts,
    )  # fmt: skip


def escape_paths(
    texts: Strategy, facts: Strategy, missing: Strategy, waivers: Strategy
) -> Strategy:
    """Return ways out, waived and known ones among them."""
    return st.builds(
        EscapePath, st.sampled_from(Goal), _CERTAIN,
        st.lists(steps(texts, facts, missing), min_size=1, max_size=2).map(tuple),
        st.lists(texts, max_size=2).map(tuple), texts, st.none() | waivers,
        st.sampled_from([None, True, False]),
    )  # fmt: skip


def scores(texts: Strategy, missing: Strategy) -> Strategy:
    """Return scores; every axis is there."""
    lines = st.builds(
        Why, st.sampled_from(Axis), st.sampled_from(["gives", "caps", "widens"]), texts, texts,
        texts, BITS, BITS, _RESTS_ON,
        st.lists(missing, max_size=2).map(tuple),
    )  # fmt: skip
    return st.builds(
        Score,
        st.fixed_dictionaries(dict.fromkeys(Axis, INTERVALS)),
        st.dictionaries(st.sampled_from(Axis), texts, max_size=2),
        st.lists(lines, max_size=3).map(tuple),
    )


def verdicts(texts: Strategy, missing: Strategy) -> Strategy:
    """Return verdicts of every standing, with any wall."""
    several = st.lists(texts, max_size=2).map(tuple)
    walls = st.builds(
        Wall, st.sampled_from(WallKind), st.sampled_from(WallKind),
        st.lists(missing, max_size=2).map(tuple), several,
        st.lists(st.sampled_from(["confidential", "dedicated"]), max_size=2).map(tuple),
    )  # fmt: skip
    return st.builds(
        Verdict, st.sampled_from(Standing), st.none() | st.sampled_from(Goal), walls, several,
        st.lists(st.builds(NotEnough, texts, several), max_size=2).map(tuple),
    )  # fmt: skip


def assessments(texts: Strategy, facts: Strategy, missing: Strategy, waivers: Strategy) -> Strategy:
    """Return what may be said of a boundary, consistent or not."""
    layers = st.builds(
        Layer, texts, texts, BITS, BITS, st.lists(texts, max_size=2).map(tuple), _RESTS_ON,
    )  # fmt: skip
    ways = st.builds(KnownWay, _STEP_IDS, texts, st.sampled_from(Openness), texts)
    return st.builds(
        Assessment,
        st.lists(layers, max_size=2).map(tuple),
        st.lists(escape_paths(texts, facts, missing, waivers), max_size=4).map(tuple),
        verdicts(texts, missing),
        scores(texts, missing),
        st.lists(ways, max_size=3).map(tuple),
    )


def fixes(texts: Strategy) -> Strategy:
    """Return changes, with and without a score after them."""
    return st.builds(
        FixChange, texts, texts, st.lists(_STEP_IDS, max_size=2).map(tuple),
        st.dictionaries(st.sampled_from(Axis), INTERVALS, max_size=4), st.integers(1, 3),
        st.sampled_from(["none", "restart", "restart-all", "reboot", "rebuild"]), texts,
        st.sampled_from(["target", "host"]), texts,
    )  # fmt: skip
