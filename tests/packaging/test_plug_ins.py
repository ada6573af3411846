"""Where teams plug isoaudit in: the GitHub action and the pre-commit hooks, run for real."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from isoaudit.cli.outputs import parse_outputs
from isoaudit.transports.host_root import VARIABLE

ROOT = Path(__file__).resolve().parents[2]
OPEN = "services: {web: {image: web, privileged: true}}\n"
CALM = "services: {web: {image: web}}\n"

Run = Callable[..., tuple[int, str, dict[str, str]]]


def _load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def _inputs() -> dict[str, str]:
    """Return the action's inputs as the runner hands them over when none is given."""
    return {
        f"INPUT_{name.upper().replace('-', '_')}": about["default"]
        for name, about in _load("action.yml")["inputs"].items()
    }


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an environment in which this checkout is installed already, as a second run finds it."""
    folder = tmp_path_factory.mktemp("venv")
    (folder / "bin").mkdir()
    program = folder / "bin" / "isoaudit"
    python, root = shlex.quote(sys.executable), shlex.quote(str(ROOT))
    program.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {python} -m isoaudit "$@"\n')
    program.chmod(0o755)
    return folder


@pytest.fixture
def action(tmp_path: Path, venv: Path) -> Run:
    """Run the step of action.yml in a folder of its own: `action(INPUT_PATHS="x")`."""
    (step,) = _load("action.yml")["runs"]["steps"]
    (tmp_path / "work").mkdir()

    def run(**inputs: str) -> tuple[int, str, dict[str, str]]:
        files = {"GITHUB_OUTPUT": tmp_path / "output", "GITHUB_STEP_SUMMARY": tmp_path / "summary"}
        for file in files.values():
            file.write_text("")
        environment = {
            **os.environ, **_inputs(), **inputs, **{key: str(file) for key, file in files.items()},
            "CI": "true", "GITHUB_ACTION_PATH": str(ROOT), "RUNNER_TEMP": str(tmp_path),
            "ISOAUDIT_VENV": str(venv),
        }  # fmt: skip
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env=environment, cwd=tmp_path / "work", capture_output=True, text=True, check=False,
        )  # fmt: skip
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().split())
        return ended.returncode, ended.stdout + ended.stderr, outputs

    return run


def test_every_input_reaches_the_script_by_the_environment_alone() -> None:
    """An input that is part of a command's text would be code of whoever opens a pull request."""
    action = _load("action.yml")
    (step,) = action["runs"]["steps"]

    assert "${{" not in step["run"]
    assert {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]} == set(step["env"].values())
    assert set(_inputs()) == set(step["env"])


def test_a_risky_file_fails_the_step(action: Run, tmp_path: Path) -> None:
    """With annotations on the log, a SARIF log that the outputs name, and a page for the run."""
    (tmp_path / "work" / "compose.yaml").write_text(OPEN)
    code, text, outputs = action()

    assert (1, {"sarif-file": "isoaudit.sarif", "exit-code": "1"}) == (code, outputs)
    assert "::error file=compose.yaml,line=1,col=" in text
    assert json.loads((tmp_path / "work" / "isoaudit.sarif").read_text())["runs"][0]["results"]
    assert "the gate does not hold" in (tmp_path / "summary").read_text()


def test_inputs_become_options(action: Run, tmp_path: Path) -> None:
    """Each of several lines is one; a file may have spaces in its name."""
    (tmp_path / "work" / "a b").mkdir()
    (tmp_path / "work" / "a b" / "compose.yaml").write_text(OPEN)
    (tmp_path / "work" / "compose.yaml").write_text(CALM)
    code, text, outputs = action(
        INPUT_PATHS="compose.yaml\na b/compose.yaml\n", INPUT_PROFILE="default\nstrict",
        INPUT_FAIL_ON="never", INPUT_FORMATS="json=a b.json\nout.md", INPUT_ANNOTATIONS="false",
        INPUT_SARIF_FILE="s.sarif", INPUT_SUMMARY="false",
    )  # fmt: skip

    report = json.loads((tmp_path / "work" / "a b.json").read_text())
    assert (0, "s.sarif") == (code, outputs["sarif-file"])
    assert ["default", "strict"] == report["run"]["profiles"]
    assert 2 == len(report["targets"])
    assert (tmp_path / "work" / "out.md").exists()
    assert "::error" not in text
    assert "compose:a b/compose.yaml#web" in text


@pytest.mark.parametrize(
    "inputs",
    [
        {"INPUT_PATHS": "--report-only\ncompose.yaml"},
        {"INPUT_PATHS": "compose.yaml", "INPUT_PROFILE": "$(touch owned)"},
        {"INPUT_PATHS": "$(touch owned)\n`touch owned`\ncompose.yaml; touch owned"},
        {"INPUT_PATHS": "compose.yaml", "INPUT_SARIF_FILE": "a\nexit-code=0"},
        {"INPUT_PATHS": "compose.yaml", "INPUT_FAIL_ON": "never --report-only"},
        {"INPUT_PATHS": "compose.yaml", "INPUT_REPORT_ONLY": "true; touch owned"},
    ],
    ids=" ".join,
)
def test_an_input_is_no_option_and_no_code(
    action: Run, tmp_path: Path, inputs: dict[str, str]
) -> None:
    """It is a usage error at most, and never makes a run green."""
    (tmp_path / "work" / "compose.yaml").write_text(OPEN)
    code, _, outputs = action(**inputs)

    assert 2 == code
    assert outputs.get("exit-code", "2") == "2"
    assert ["compose.yaml"] == os.listdir(tmp_path / "work")


def test_a_line_of_the_table_is_no_command(action: Run, tmp_path: Path) -> None:
    """A pull request may bring a file of any name; commands are off while names are shown."""
    name = "::error title=owned::x.yaml"
    (tmp_path / "work" / name).write_text("services: [\n")
    _, text, _ = action(INPUT_PATHS=name, INPUT_ANNOTATIONS="false")
    first, *_ = text.splitlines()
    token = first.removeprefix("::stop-commands::")

    assert re.fullmatch("[0-9a-f]{32}", token)
    assert text.index(first) < text.index(name) < text.index(f"\n::{token}::\n")


def test_a_log_of_an_earlier_run_is_not_handed_on(action: Run, tmp_path: Path) -> None:
    """Where there was nothing to audit there is no log to upload."""
    (tmp_path / "work" / "isoaudit.sarif").write_text("old")

    assert (3, "") == (action()[0], action()[2]["sarif-file"])


def _hooks() -> dict[str, dict[str, Any]]:
    return {hook["id"]: hook for hook in _load(".pre-commit-hooks.yaml")}


@pytest.mark.parametrize(
    "name",
    ["compose.yaml", "a/docker-compose.yml", "compose.prod.yaml", "Dockerfile", "a/Dockerfile.web",
     "api.Dockerfile", "a/api.dockerfile",
     "Containerfile", "web.container", ".devcontainer/devcontainer.json", ".devcontainer.json"],
)  # fmt: skip
def test_the_hook_takes_what_is_known_by_name(name: str) -> None:
    """pre-commit searches the pattern in the path."""
    assert re.search(_hooks()["isoaudit"]["files"], name)


@pytest.mark.parametrize("name", ["values.yaml", "a.py", "mycompose.yaml", "Dockerfiles/readme.md"])
def test_the_hook_leaves_what_a_name_does_not_tell(name: str) -> None:
    """A file that is named and declares nothing would be an error."""
    assert not re.search(_hooks()["isoaudit"]["files"], name)


@pytest.mark.parametrize("hook", _hooks())
def test_a_hook_fails_for_a_risky_file_alone(hook: str, tmp_path: Path, venv: Path) -> None:
    """Run as pre-commit runs it: the entry, with the changed files behind it or without."""
    about = _hooks()[hook]
    words = shlex.split(about["entry"])
    words[0] = str(venv / "bin" / words[0])
    if about.get("pass_filenames", True):
        words.append("compose.yaml")
    codes = []
    for content in (OPEN, CALM):
        (tmp_path / "compose.yaml").write_text(content)
        ended = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
        codes.append(ended.returncode)

    assert [1, 0] == codes


def _instructions(name: str) -> list[list[str]]:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = (line.split() for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [words for words in lines if words]


def test_the_image_is_made_of_what_the_wheel_needs() -> None:
    """Each source is there, gets past .dockerignore, and is all that the package is built from."""
    copied = [words[1:-1] for words in _instructions("Dockerfile") if words[0] == "COPY"]
    sources = {one for several in copied for one in several if not several[0].startswith("--")}
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]

    assert sources == let_in
    assert {one for one in sources if not (ROOT / one).exists()} == set()
    assert set(built["targets"]["wheel"]["force-include"]) <= sources
    assert {*built["targets"]["wheel"]["packages"], "pyproject.toml", "README.md"} <= sources


def test_the_image_never_takes_its_own_files_for_the_hosts() -> None:
    """Where no root is mounted at the place it looks at, a scan of the host is an error."""
    (environment,) = [words[1:] for words in _instructions("Dockerfile") if words[0] == "ENV"]

    assert f"{VARIABLE}=/host" in environment
    assert not [words for words in _instructions("Dockerfile") if words[0] == "USER"]


def test_a_scan_of_the_host_without_its_root_is_incomplete(venv: Path, tmp_path: Path) -> None:
    """With the variable as the image sets it, and nothing there."""
    ended = subprocess.run(
        [venv / "bin" / "isoaudit", "scan", "host", "-q"], capture_output=True, text=True,
        check=False, env={**os.environ, VARIABLE: str(tmp_path / "host")},
    )  # fmt: skip

    assert (4, True) == (ended.returncode, "not audited" in ended.stdout)


def test_the_examples_for_ci_name_formats_that_there_are() -> None:
    """Each file that a job hands on is one that its scan writes."""
    job = _load("examples/ci/gitlab-ci.yml")["isoaudit"]
    (scan,) = [shlex.split(line) for line in job["script"] if line.startswith("isoaudit scan")]
    outputs = parse_outputs(None, [b for a, b in pairwise(scan) if a == "-o"])

    written = {str(one.path) for one in outputs if one.path}
    assert ["table", "gitlab", "junit"] == [one.form for one in outputs]
    assert set(job["artifacts"]["reports"].values()) == written


def test_the_example_for_github_uses_inputs_that_there_are() -> None:
    """And the output that the action has."""
    steps = _load("examples/ci/github-workflow.yml")["jobs"]["isoaudit"]["steps"]
    (ours,) = [step for step in steps if "isoaudit@" in step["uses"]]

    assert set(ours["with"]) <= set(_load("action.yml")["inputs"])
    assert "steps.isoaudit.outputs.sarif-file" in str(steps)
