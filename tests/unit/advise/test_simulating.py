"""`--simulate`: words become edits, and what they come to is what a file that says so comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoaudit.advise.simulate import Simulated, simulate
from isoaudit.assess import load_assessor
from isoaudit.audit.advising import Judged, judged_at
from isoaudit.audit.common import Limits
from isoaudit.errors import UsageError
from isoaudit.model import Assessment
from isoaudit.targets.address import parse

_PLAIN = "services:\n  web:\n    image: example/web:1\n"


def judged(folder: Path, options: str) -> Judged:
    """Return the one service of a compose file."""
    path = folder / "compose.yaml"
    path.write_text(_PLAIN + options)
    (one,) = judged_at([parse(str(path))], Limits(1, 30, False))
    assert isinstance(one, Judged)
    return one


def simulated(one: Judged, *words: str) -> Simulated:
    assert one.result.assessment is not None
    return simulate(one.context, one.result.assessment, load_assessor(), words)


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ("", ["cap_drop=ALL"], "    cap_drop: [ALL]\n"),
        ("", ["cap_drop=NET_RAW,MKNOD"], "    cap_drop: [NET_RAW, MKNOD]\n"),
        ("", ["cap_add=SYS_PTRACE"], "    cap_add: [SYS_PTRACE]\n"),
        ("", ["user=1000"], '    user: "1000"\n'),
        ('    user: "1000"\n', ["read_only=true"], '    user: "1000"\n    read_only: true\n'),
        ("    privileged: true\n", ["privileged=false"], ""),
        ("", ["pid=host"], "    pid: host\n"),
        ("    network_mode: host\n    ipc: host\n", ["ipc=private"], "    network_mode: host\n"),
        ("", ["pids_limit=9", "mem_limit=1g"], "    pids_limit: 9\n    mem_limit: 1g\n"),
        ("    pids_limit: 9\n", ["pids_limit=-1"], ""),
        ("", ["security_opt=seccomp=unconfined"], "    security_opt: ['seccomp:unconfined']\n"),
        ("", ["security_opt=no-new-privileges"], "    security_opt: ['no-new-privileges:true']\n"),
        ("    volumes: ['/etc:/a', '/usr:/b']\n", ["volume-=/a"], "    volumes: ['/usr:/b']\n"),
        ("    devices: ['/dev/kmsg']\n", ["device-=/dev/kmsg"], ""),
    ],
)
def test_an_option_comes_to_what_a_file_with_it_comes_to(
    tmp_path: Path, before: str, words: list[str], after: str
) -> None:
    """Score and ways are those of the file that says it."""
    found = simulated(judged(tmp_path, before), *words).after
    real = judged(tmp_path, after).result.assessment
    assert isinstance(real, Assessment)
    assert dict(found.score.axes) == dict(real.score.axes)
    assert [path.id for path in found.escape_paths] == [path.id for path in real.escape_paths]


def test_a_fact_can_be_told(tmp_path: Path) -> None:
    """A host's fact narrows what a file alone leaves open."""
    found = simulated(judged(tmp_path, ""), "host.ksm.running=false", "host.smt.active=false")
    assert found.idle == ()
    assert found.after.score.escape.low >= found.before.score.escape.low


def test_what_is_so_already_is_said(tmp_path: Path) -> None:
    """A change that does not apply is named, and changes nothing."""
    found = simulated(judged(tmp_path, ""), "privileged=false")
    assert found.idle == ("privileged=false",)
    assert found.after.score == found.before.score


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("cap_dorp=ALL", "cap_drop"),
        ("cap_drop=SYS_ADMN", "CAP_SYS_ADMIN"),
        ("host.ksm.runing=false", "host.ksm.running"),
        ("pid=maybe", "private"),
        ("cap_drop", "NAME=VALUE"),
        ("container.privileged=maybe", "true or false"),
        ("volume-=/nowhere", "none"),
        ("security_opt=label", "no-new-privileges"),
    ],
)
def test_a_bad_word_is_told_with_what_was_meant(tmp_path: Path, word: str, hint: str) -> None:
    """One line says what is wrong, one what there is."""
    with pytest.raises(UsageError) as caught:
        simulated(judged(tmp_path, ""), word)
    assert hint in caught.value.remedy
