"""Waivers in what is audited: comments as each kind of file writes them, annotations, labels."""

from __future__ import annotations

import time

import pytest

from isoaudit.model import InlineWaiver
from isoaudit.rules.inline import inline_waivers
from isoaudit.rules.inline_words import statement

REASON = "the agent loads eBPF programs"
IGNORE = f"isoaudit: ignore[CAP-003] {REASON} by @platform until 2027-01-31"


def _said(text: str, dialect: str) -> InlineWaiver:
    """Return the only waiver of a text."""
    (found,) = inline_waivers(text, dialect, "f")
    return found


@pytest.mark.parametrize(
    ("dialect", "text", "line"),
    [
        ("compose", f"a:\n  b: 1  # {IGNORE}\n", 2),
        ("compose", f"a:\n  # {IGNORE}\n  b: 1\n", 3),
        ("compose", f"a:\n  # {IGNORE}\n\n  # another remark\n  b: 1\n", 5),
        ("compose", f"a:\n  ## {IGNORE}\n  b: 1\n", 3),
        ("compose", f'{{"a": {{ # {IGNORE}\n "b": 1}}}}\n', 1),
        ("kubernetes", f"kind: Pod # {IGNORE}\n", 1),
        ("kubernetes", f"kind: Pod\r\n# {IGNORE}\r\nspec: {{}}\r\n", 3),
        ("libvirt_xml", f"<domain>\n  <a/> <!-- {IGNORE} -->\n</domain>", 2),
        ("libvirt_xml", f"<domain>\n  <!-- {IGNORE} -->\n  <a/>\n</domain>", 3),
        ("libvirt_xml", f"<domain>\n  <!-- {IGNORE}\n  -->\n\n  <a/>\n</domain>", 5),
        ("ovf", f"<!-- {IGNORE} --><a/>\n", 1),
        ("devcontainer", f'{{\n  "privileged": true // {IGNORE}\n}}', 2),
        ("devcontainer", f'{{\n  /* {IGNORE} */\n  "privileged": true\n}}', 3),
        ("devcontainer", f'{{"url": "https://x" // {IGNORE}\n}}', 1),
        ("quadlet", f"[Container]\n# {IGNORE}\nImage=x\n", 3),
        ("systemd", f"[Service]\n; {IGNORE}\nExecStart=/x\n", 3),
        ("dockerfile", f"FROM x\n# {IGNORE}\nUSER root\n", 3),
        ("vmx", f"a = 1\n# {IGNORE}\nb = 2\n", 3),
        ("docker_run", f"#!/bin/sh\n# {IGNORE}\ndocker run x\n", 3),
        ("docker_run", f"docker run x  # {IGNORE}\n", 1),
        ("kata", f'[hypervisor.qemu]\npath = "x" # {IGNORE}\n', 2),
        ("xl", f"vif = ['a'] # {IGNORE}\n", 1),
        ("qemu", f"qemu-system-x86_64 -nodefaults # {IGNORE}", 1),
    ],
)
def test_a_comment_speaks_of_its_line_or_of_the_next(dialect: str, text: str, line: int) -> None:
    """The next one where the comment stands alone, past blank lines and other comments."""
    found = _said(text, dialect)

    assert ("f", line, ("CAP-003",), "", None) == (
        found.file, found.line, found.checks, found.problem, found.span,
    )  # fmt: skip
    assert (REASON, "@platform", "2027-01-31", "inline") == (
        found.waiver.reason, found.waiver.owner, found.waiver.until, found.waiver.kind,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("compose", f'a: "b # {IGNORE}"\n'),
        ("compose", f"a: 'b\n  # {IGNORE}'\n"),
        ("compose", f"a: |\n  #!/bin/sh\n  # {IGNORE}\n  true\n"),
        ("compose", f"a: b#{IGNORE}\n"),
        ("compose", f"a: b # see {IGNORE}\n"),
        ("libvirt_xml", f"<a><![CDATA[<!-- {IGNORE} -->]]></a>"),
        ("devcontainer", f'{{"a": "// {IGNORE}"}}'),
        ("devcontainer", f'{{"a": "\\"// {IGNORE}"}}'),
        ("systemd", f"[Service]\nExecStart=/x # {IGNORE}\n"),
        ("quadlet", f"[Container]\nExec=/x ; {IGNORE}\n"),
        ("dockerfile", f"RUN x # {IGNORE}\n"),
        ("docker_run", f'docker run x echo "# {IGNORE}"\n'),
        ("docker_run", f"docker run x#{IGNORE}\n"),
        ("oci", f'{{"a": "# {IGNORE}"}}'),
        ("compose", "a: [b  # isoaudit: ignore[CAP-003] of a broken file\n"),
    ],
)
def test_what_only_looks_like_a_comment_waives_nothing(dialect: str, text: str) -> None:
    """Inside a string, a script, a section; behind a value where the format has no comments."""
    assert () == inline_waivers(text, dialect, "f")


@pytest.mark.parametrize(
    ("words", "reason", "owner", "until"),
    [
        ("needed by systemd itself", "needed by systemd itself", "", None),
        ("needed until the move is done", "needed until the move is done", "", None),
        ("needed for now @ops", "needed for now", "@ops", None),
        ("needed for now by ops@example.org until 2027-02-28.", "needed for now",
         "ops@example.org", "2027-02-28"),
        ("  needed \t for   now  ", "needed for now", "", None),
    ],
)  # fmt: skip
def test_the_words_are_reason_owner_and_last_day(
    words: str, reason: str, owner: str, until: str | None
) -> None:
    """An owner has an @ in it, so that a sentence may end with `by` or `until`."""
    waiver = statement(["CAP-003"], words, "f:1", "inline").waiver

    assert (reason, owner, until) == (waiver.reason, waiver.owner, waiver.until)


@pytest.mark.parametrize(
    ("comment", "problem"),
    [
        ("ignore[CAP-003]", "no reason"),
        ("ignore[CAP-003] by design", "no reason"),
        ("ignore[CAP-003] until 2027-01-31", "no reason"),
        ("ignore[CAP-003] it is needed until 31.01.2027", "no day"),
        ("ignore[CAP-003] it is needed until 2027-02-30", "no day"),
        ("ignore[] it is needed here", "names no check"),
        ("ignore[*] it is needed here", "of patterns only a family's"),
        ("ignore[C*] it is needed here", "of patterns only a family's"),
        ("ignore[CAP 003] it is needed here", "no id of a check"),
        ("ignore it is needed here", "names no check"),
        ("ingore[CAP-003] it is needed here", "names no check"),
        (f"ignore[CAP-003] {'x' * 1100}", "over 1000"),
        (f"ignore[{','.join(f'CAP-{n:03}' for n in range(30))}] it is needed", "more than 20"),
    ],
)
def test_what_cannot_count_says_why(comment: str, problem: str) -> None:
    """It is told to whoever wrote it, and waives nothing."""
    assert problem in _said(f"a: 1 # isoaudit: {comment}\n", "compose").problem


def test_several_checks_and_families_stand_in_one_comment() -> None:
    """Ids in any case; one line may break a whole family of checks."""
    found = _said("a: 1 # isoaudit: ignore[cap-003, DEV-*,CAP-003] it is needed\n", "compose")

    assert (("CAP-003", "DEV-*"), "") == (found.checks, found.problem)


def test_a_secret_in_a_reason_is_not_kept() -> None:
    """A reason is shown in every report."""
    waiver = statement(
        ["A-1"], "see https://me:hunter22@example.org for it", "f:1", "inline"
    ).waiver

    assert "hunter22" not in waiver.reason


POD = """\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: one
    annotations:
      isoaudit/ignore.CAP-003: the agent loads programs until 2027-01-31
      other/annotation: x
  spec:
    containers:
    - name: a
- kind: Deployment
  metadata: {name: two}
  spec:
    template:
      metadata:
        annotations: {isoaudit/ignore.CAP-004: the driver is loaded by it}
      spec:
        containers:
        - name: b
"""


def test_an_annotation_speaks_of_all_in_its_object() -> None:
    """Of the pod or workload it stands in, or of the pods of a template."""
    found = inline_waivers(POD, "kubernetes", "f")

    assert [("CAP-003", (4, 13), "annotation"), ("CAP-004", (18, 22), "annotation")] == [
        (one.checks[0], one.span, one.waiver.kind) for one in found
    ]
    assert ["f:9", "f:19"] == [one.waiver.source for one in found]


@pytest.mark.parametrize(
    "labels",
    [
        "{isoaudit.ignore.CAP-003: the agent loads programs}",
        '["isoaudit.ignore.CAP-003=the agent loads programs"]',
    ],
)
def test_a_label_of_a_service_speaks_of_it(labels: str) -> None:
    """As a mapping or a list; also where a merge key brings it."""
    text = f"x-a: &a {{labels: {labels}}}\nservices:\n  web: {{<<: *a}}\n  db: {{image: x}}\n"
    found = _said(text, "compose")

    assert ("web", ("CAP-003",), "label", "") == (
        found.name, found.checks, found.waiver.kind, found.problem,
    )  # fmt: skip


@pytest.mark.parametrize(
    "option",
    [
        '--label isoaudit.ignore.CAP-003="the agent loads programs"',
        "--label=isoaudit.ignore.CAP-003='the agent loads programs'",
        '-l "isoaudit.ignore.CAP-003=the agent loads programs"',
        '--annotation "isoaudit.ignore.CAP-003=the agent loads programs"',
    ],
)
def test_a_label_of_a_command_speaks_of_the_command(option: str) -> None:
    """However it is quoted, over line ends with a backslash."""
    text = f"docker run a\ndocker run \\\n  --rm \\\n  {option} b\n"
    found = _said(text, "docker_run")

    assert ((2, 4), ("CAP-003",), "the agent loads programs", "") == (
        found.span, found.checks, found.waiver.reason, found.problem,
    )  # fmt: skip


def test_a_label_of_a_command_in_a_unit_speaks_of_the_command() -> None:
    """A service may start a container as a script does."""
    text = '[Service]\nExecStart=docker run \\\n -l isoaudit.ignore.A-1="it is needed here" x\n'
    found = _said(text, "systemd")

    assert ((2, 3), ("A-1",), "") == (found.span, found.checks, found.problem)


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("quadlet", '[Container]\nLabel="isoaudit.ignore.CAP-003=the agent loads programs"\n'),
        ("quadlet", '[Container]\nLabel=isoaudit.ignore.CAP-003="the agent loads programs"\n'),
        ("devcontainer", '{"runArgs": ["--label", '
         '"isoaudit.ignore.CAP-003=the agent loads programs"]}'),
        ("oci", '{"annotations": {"isoaudit/ignore.CAP-003": "the agent loads programs"}}'),
    ],
)  # fmt: skip
def test_a_label_in_a_file_of_one_container_speaks_of_it(dialect: str, text: str) -> None:
    """Wherever the container is said to begin."""
    found = _said(text, dialect)

    assert found.span is not None
    assert found.span[0] == 0
    assert ("the agent loads programs", "") == (found.waiver.reason, found.problem)


def test_what_a_dockerfile_labels_is_no_waiver() -> None:
    """Labels of an image are its builder's word, not that of those who run it."""
    text = 'FROM x\nLABEL isoaudit.ignore.CAP-003="the agent loads programs"\n'

    assert () == inline_waivers(text, "dockerfile", "f")


def test_the_key_of_a_waiver_survives_moved_lines() -> None:
    """It is what tells whether the waiver stood in another revision of the file."""
    before = _said(f"a: 1 # {IGNORE}\n", "compose")
    after = _said(f"x: 0\n\na: 1 # {IGNORE}\n", "compose")

    assert before.key == after.key
    assert before.line != after.line


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("compose", f"a: 1 # {IGNORE}\n" + "# isoaudit: ignore[A-1] x\n\n" * 100_000),
        ("devcontainer", "// isoaudit: \n" + "/*" * 1_000_000),
        ("devcontainer", "// isoaudit: \n" + '"' * 1_000_001),
        ("libvirt_xml", "isoaudit:" + "<!--" * 500_000),
        ("libvirt_xml", "isoaudit:" + "<![CDATA[" * 300_000),
        ("docker_run", "# isoaudit: x\n" + "--label " * 300_000),
        ("docker_run", "a \\\n" * 100_000 + "--label isoaudit.ignore.A-1=x \\\n" * 2000),
        ("quadlet", "isoaudit.ignore.A=" * 200_000),
        ("devcontainer", "/* isoaudit: */" * 500_000),
        ("systemd", "# isoaudit:" + " \t" * 1_000_000),
        ("vmx", "# isoaudit: ignore[" + "A," * 1_000_000),
    ],
    ids=lambda value: value[:20],
)
def test_a_hostile_file_costs_little(dialect: str, text: str) -> None:
    """Neither the number of marks nor what is left open makes it slow, and only so many count."""
    began = time.process_time()
    found = inline_waivers(text, dialect, "f")

    assert len(found) <= 1001
    assert time.process_time() - began < 5


def test_more_than_a_thousand_are_told() -> None:
    """What was not read does not pass unseen."""
    found = inline_waivers(f"a: 1 # {IGNORE}\n" + "".join(
        f"k{n}: 1 # {IGNORE}\n" for n in range(1001)), "compose", "f")  # fmt: skip

    assert "more than 1000" in found[-1].problem
