"""YAML and JSON with places and limits."""

from __future__ import annotations

import time

import pytest

from isoaudit.documents import yaml
from isoaudit.documents.limits import MAX_DEPTH
from isoaudit.errors import DocumentError
from isoaudit.model import Location


def test_every_value_knows_its_place() -> None:
    """Lines and columns count from 1, in YAML as in JSON."""
    node = yaml.load('a:\n  - b: "c"\n', "f.yaml")
    found = node.get("a")

    assert found is not None
    assert Location("f.yaml", 2, 8) == found.elements()[0].keyed()["b"][1].location
    assert Location("f.json", 1, 7) == yaml.load('{"a": 1}', "f.json").keyed()["a"][1].location


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", '{"a": 1, "a": 2}', "a: 1\n'a': 2\n"])
def test_a_key_that_stands_twice_is_refused(text: str) -> None:
    """The last one would win silently, and the first one be what a reader sees."""
    with pytest.raises(DocumentError, match=r"key 'a' stands twice \(first in line 1\)"):
        yaml.load(text, "f").keyed()


def test_a_duplicate_spoils_only_its_own_mapping() -> None:
    """Keys are looked at where a mapping is read."""
    node = yaml.load("a: {x: 1, x: 2}\nb: {x: 1}\n", "f")
    found = node.get("b")

    assert found is not None
    assert ["x"] == list(found.keyed())


def test_merge_keys_fill_in_what_the_mapping_leaves_out() -> None:
    """The mapping itself wins, then the first of several sources."""
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], a: 0}\n"
    found = yaml.load(text, "f").get("z")

    assert found is not None
    assert {"a": 0, "b": 1, "c": 2} == found.value()


@pytest.mark.parametrize("text", ["&a {<<: *a}", "&a {<<: [*a, *a]}", "x: &x {<<: &y {<<: *x}}"])
def test_a_merge_that_leads_back_is_refused(text: str) -> None:
    """At once, however many ways lead round."""
    node = yaml.load(text, "f")
    node = node.get("x") or node if text.startswith("x") else node

    with pytest.raises(DocumentError, match="merge"):
        node.keyed()


def _bomb(entry: str, levels: int = 30) -> str:
    lines = ["m0: &m0 {k0: v}"]
    lines += [f"m{n}: &m{n} " + entry % ", ".join([f"*m{n - 1}"] * 9) for n in range(1, levels)]
    return "\n".join(lines)


def test_merges_of_merges_are_read_once_each() -> None:
    """Nine to the thirtieth readings would never end."""
    started = time.process_time()
    found = yaml.load(_bomb("{<<: [%s]}"), "f").get("m29")

    assert found is not None
    assert ["k0"] == list(found.keyed())
    assert time.process_time() - started < 2


def test_an_alias_bomb_meets_a_limit() -> None:
    """What aliases expand to is counted while it is built."""
    found = yaml.load(_bomb("[%s]"), "f").get("m29")

    assert found is not None
    with pytest.raises(DocumentError, match="aliases"):
        found.value()


def test_a_value_that_contains_itself_meets_a_limit() -> None:
    """An alias may lead back to where it stands."""
    with pytest.raises(DocumentError, match="too deep"):
        yaml.load("&a [*a]", "f").value()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "{a: " * 50_000,
        "- " * 50_000 + "a",
        "-  " * 50_000 + "a",
        "? " * 50_000 + "a",
        ("[" * 90 + "\n---x,") * 1_000,
        "".join(" " * n + "a:\n" for n in range(400)) + " " * 400 + "b",
        "".join("a:\r" + " " * (n + 1) for n in range(400)) + "b",
        "- [" * 101 + "]" * 101,
    ],
    ids=["brackets", "braces", "dashes", "wide dashes", "questions", "false end", "indent",
         "carriage returns", "mixed"],
)  # fmt: skip
def test_what_nests_too_deep_is_refused(text: str) -> None:
    """However it nests: composing it would exhaust the stack of the process."""
    with pytest.raises(DocumentError, match=r"nested deeper|not valid YAML"):
        yaml.load_all(text, "f")


@pytest.mark.parametrize(
    "text",
    ["[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1), "---\n[]\n" * 500,
     "# " + "-" * 500 + "\na: b", "a: '" + "[" * 500 + "'"],
    ids=["just deep enough", "many documents", "a ruler", "a text"],
)  # fmt: skip
def test_what_only_looks_deep_is_read(text: str) -> None:
    """Brackets in texts and over many documents, and rulers, are no nesting."""
    assert yaml.load_all(text, "f")


@pytest.mark.parametrize("unit", ["- a\n", "---\n", "[],", "a\r"])
def test_more_values_than_fit_into_memory_are_refused(unit: str) -> None:
    """Thirty megabytes of the smallest values would take gigabytes."""
    started = time.process_time()
    with pytest.raises(DocumentError, match="more than 4,000,000 values"):
        yaml.load_all(unit * 5_000_000, "f")

    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: [", "f:2:1: "),
        ("a: b: c", "f:1:5: "),
        ("\ta", "f:1:1: "),
        ("a: \x00", "f: "),
        ("a: '\ud800'", "f: "),
        ("a: \x07", "f: "),
        ("a: &x 1\nb: *y", "f:2:4: "),
        ("%YAML 9.9\n---\na", "f:1:1: "),
    ],
)
def test_what_is_no_yaml_says_where(text: str, where: str) -> None:
    """One line that starts with the position, as far as there is one."""
    with pytest.raises(DocumentError) as caught:
        yaml.load_all(text, "f")

    assert caught.value.cause.startswith(where)
    assert "\n" not in caught.value.cause


@pytest.mark.parametrize(
    "text",
    ["{{- if .Values.on }}\na: b\n{{- end }}\n", "a: {{ .Values.a }}: {{ .Values.b }}\n",
     "a:\n  {{- toYaml .Values.a | nindent 2 }}\n"],
)  # fmt: skip
def test_a_raw_chart_is_recognised(text: str) -> None:
    """What is no YAML yet says so, with what to do."""
    with pytest.raises(DocumentError, match="looks like a raw Helm template") as caught:
        yaml.load_all(text, "f")

    assert "helm template" in caught.value.remedy


@pytest.mark.parametrize(("text", "number"), [("0x1f", 31), ("0o17", 15), ("017", 15),
                                              ("1_000", 1000), ("-5", -5)])  # fmt: skip
def test_whole_numbers_as_yaml_writes_them(text: str, number: int) -> None:
    """Octal, hexadecimal and separated digits."""
    assert number == yaml.load(text, "f").integer()


@pytest.mark.parametrize("text", ["1.5", "a", "''", "9" * 5_000, "0x" + "f" * 17, "[1]"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    """Nor is one beyond 64 bits, which no fact can hold."""
    with pytest.raises(DocumentError, match=r"^f:1:1: "):
        yaml.load(text, "f").integer()


@pytest.mark.parametrize(("text", "value"), [("true", True), ("Yes", True), ("on", True),
                                             ("no", False), ("OFF", False)])  # fmt: skip
def test_truth_values_of_yaml_1_1(text: str, value: bool) -> None:
    """As the tools that deploy the file read them."""
    assert value == yaml.load(text, "f").boolean()


def test_a_list_is_no_mapping_and_the_other_way_round() -> None:
    """What is of another kind says so, where it stands."""
    with pytest.raises(DocumentError, match="a mapping is expected"):
        yaml.load("[a]", "f").keyed()
    with pytest.raises(DocumentError, match="a list is expected"):
        yaml.load("a", "f").elements()
    with pytest.raises(DocumentError, match="a single value is expected"):
        yaml.load("[a]", "f").text()


def test_nothing_counts_as_empty() -> None:
    """A key without value is an empty mapping and an empty list, and is not there for `get`."""
    node = yaml.load("a:\n", "f")

    assert node.get("a") is None
    assert {} == yaml.load("~", "f").keyed()
    assert [] == yaml.load("~", "f").elements()


def test_characters_in_two_halves_are_those_of_json() -> None:
    """Python's json.dumps writes them so; what follows in the line keeps its place."""
    text = r'{"a": "\ud83d\ude00!", "lone": "\uDC00", "slash": "\\ud83d", "b": 1}'
    node = yaml.load(text, "f.json")

    assert {"a": "\U0001f600!", "lone": "�", "slash": "\\ud83d", "b": 1} == node.value()
    assert Location("f.json", 1, text.index("1}") + 1) == node.keyed()["b"][1].location


def test_halves_of_characters_are_no_yaml() -> None:
    """Only JSON writes them; those who read YAML refuse the file."""
    with pytest.raises(DocumentError, match="not valid YAML"):
        yaml.load('a: "\\ud83d\\ude00"', "f.yaml")


def test_strings_with_halves_take_no_time() -> None:
    """However many there are, and where none is closed."""
    started = time.monotonic()
    yaml.load('{"a": "' + r"\ud83d\ude00" * 100_000 + '"}', "f.json")
    with pytest.raises(DocumentError):
        yaml.load('{"a": ' + r'"\ud83d' * 20_001, "f.json")

    assert time.monotonic() - started < 5
