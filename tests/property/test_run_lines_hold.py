"""Whatever a run line or a Quadlet file says, it ends in facts or in one line."""

from __future__ import annotations

import shlex

from hypothesis import given, settings
from hypothesis import strategies as st

from isoaudit.errors import DocumentError
from isoaudit.probes.quadlet.keys import CONTAINER, HARMLESS, OWN
from isoaudit.probes.quadlet.probe import QuadletProbe
from isoaudit.probes.run_line.options import SYNTAX
from isoaudit.probes.run_line.probe import DockerRunProbe

_VALUES = st.one_of(
    st.sampled_from(["", "0", "-1", "1", "host", "none", "true", "a=b", "/a:/b:ro", "1g", ":", ",",
                     "type=bind,src=/a,dst=/b", "type=tmpfs,dst=/b", "container:x", "ns:/x",
                     "80:80", "nofile=1:2", "${X}", "$X", "a${X:-b}", "%h", "'", '"',
                     "ALL", "c 1:3 rwm"]),
    st.text(max_size=12),
)  # fmt: skip
_ENGINES = st.sampled_from(["docker", "podman", "nerdctl"])


@given(_ENGINES, st.data())
@settings(max_examples=300, deadline=None)
def test_any_run_line_ends_in_facts_or_one_line(engine: str, data: st.DataObject) -> None:
    """Options that there are, with values that make sense or none."""
    names = sorted(SYNTAX[engine].values | SYNTAX[engine].flags)
    given_ = data.draw(st.lists(st.tuples(st.sampled_from(names), _VALUES), max_size=6))
    line = " ".join(f"--{name}={shlex.quote(value)}" for name, value in given_)
    try:
        probe = DockerRunProbe(f"{engine} run {line} image:1 cmd", "run.sh")
        for target in probe.find():
            probe.collect(target)
    except DocumentError as error:
        assert "\n" not in error.cause


@given(st.lists(st.tuples(st.sampled_from(sorted({*CONTAINER, *OWN, *HARMLESS})), _VALUES),
                max_size=6))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_any_quadlet_file_ends_in_facts_or_one_line(keys: list[tuple[str, str]]) -> None:
    """Keys that there are, with values that make sense or none."""
    text = "[Container]\n" + "".join(f"{key}={value}\n" for key, value in keys)
    try:
        probe = QuadletProbe(text, "web.container")
        for target in probe.find():
            probe.collect(target)
    except DocumentError as error:
        assert "\n" not in error.cause
