"""What the tapes of the lab and the sample evidence hold, and what they must never hold."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support import labels
from support.replaying import ENGINES, SAMPLE, SAMPLED, scan, tape_file, tapes

from isoaudit.resources import data_dir

FILES = [*map(tape_file, ENGINES), SAMPLE]
PROGRAMS = {
    "docker": {"dockerd", "containerd", "containerd-shim-runc-v2", "sleep"},
    "podman": {"podman", "conmon", "sleep"},
    "libvirt": {"", "init", "virtlogd", "libvirtd", "qemu-system-x86_64", "virtiofsd"},
}
"""The processes whose command lines may be on a tape; kernel threads have an empty one."""

OF_OTHERS = {
    "paths": re.compile(r"[\" ]/(home|mnt|tmp|work)/\w|/var/lib/docker/\w"),
    "registries": re.compile(r'"(IndexServerAddress|Registries)"|"IndexConfigs":\{"'),
    "host names": re.compile(r'(?:"hostname":"|kernel/hostname\W+answer\W+)(?!isolab-host)\w'),
}


def _text(file: Path) -> str:
    return gzip.decompress(file.read_bytes()).decode()


def _command_lines(engine: str) -> Iterator[str]:
    """Yield the recorded command lines of processes."""
    for key, call in tapes(engine)["files"]["calls"].items():
        method, place, *_ = json.loads(key)
        if method == "read_process":
            line = call.get("answer", {"values": {}})["values"].get("cmdline")
        elif method == "read_text" and re.fullmatch(r"/proc/\d+/cmdline", place):
            line = call.get("answer")
        else:
            continue
        if line is not None:
            yield line


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_planted_secret(file: Path) -> None:
    """The lab's passwords are on no tape and in no sample."""
    text = _text(file)
    assert [] == [secret for secret in labels.PLANTED_SECRETS if secret in text]


@pytest.mark.parametrize("what", OF_OTHERS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_of_others(file: Path, what: str) -> None:
    """No path of anyone's work, no registry and no name of the recording machine is recorded."""
    assert [] == [match[0] for match in OF_OTHERS[what].finditer(_text(file))]


@pytest.mark.parametrize("engine", ENGINES)
def test_only_the_labs_processes(engine: str) -> None:
    """Command lines are those of the engine and its guests, none of another process."""
    programs = {line.partition("\0")[0].rpartition("/")[2] for line in _command_lines(engine)}
    assert set() == programs - PROGRAMS[engine]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_small(file: Path) -> None:
    """A recording stays below 256 KiB, so that re-recording does not bloat the repository."""
    assert file.stat().st_size < 256 * 1024


def test_sample_is_a_bundle_by_the_schema() -> None:
    """The sample has the published form of an evidence bundle."""
    schema = json.loads((data_dir("reports") / "schemas" / "bundle-2.json").read_text("utf-8"))
    problems = Draft202012Validator(schema).iter_errors(json.loads(_text(SAMPLE)))
    assert [] == [problem.message[:200] for problem in problems]


def test_sample_names_its_targets() -> None:
    """The sample evidence holds the host and one target of each kind that it is to show."""
    expected = {f"isolab-{name}" for names in SAMPLED.values() for name in names}
    assert {*expected, "isolab-host"} == set(scan(str(SAMPLE), "--report-only").by_name)


@pytest.mark.parametrize("engine", SAMPLED)
def test_sample_is_judged_as_labelled(engine: str) -> None:
    """What the sample shows is true: its findings are those that the labels name."""
    found: dict[str, Any] = scan(str(SAMPLE), "--report-only").by_name
    of = labels.load(engine)
    chosen = {f"isolab-{name}" for name in SAMPLED[engine]}
    told = labels.false_negatives(of, found) + labels.false_positives(of, found)
    mine = [problem for problem in told if problem.partition(":")[0] in chosen]
    unknown = [one for one in labels.unknowns(of, found) if one.partition(":")[0] in chosen]
    assert ([], []) == (mine, unknown)
