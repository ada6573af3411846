"""YAML that was edited: everything but the edit is as its author wrote it."""

from __future__ import annotations

import difflib

import pytest

from isoaudit.errors import DocumentError
from isoaudit.harden.edits import Effect
from isoaudit.harden.yaml_text import YamlFile
from isoaudit.model import Kind, Location, Target
from isoaudit.rules.fixes import Edit

DROP = Edit("add", "cap_drop", "ALL")
READ_ONLY = Edit("set", "read_only", True)


def _service(name: str) -> Target:
    return Target(f"compose:c.yaml#{name}", Kind.CONTAINER, name, "declared", name, "compose")


def _container(line: int, column: int) -> Target:
    place = Location("c.yaml", line, column)
    return Target("kubernetes:c.yaml#x", Kind.CONTAINER, "x", "declared", "x", "kubernetes",
                  location=place)  # fmt: skip


def _edited(text: str, edit: Edit, evidence: Location | None = None, service: str = "a") -> str:
    file = YamlFile(text, "c.yaml")
    file.apply(_service(service), edit, evidence)
    return file.text()


def _changes(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


ODD = """\
# head


services:
    a:
        image:   "a"     # three blanks
        command: [ one,two ]
        environment:
        - "A=1"   # same indent as its key
        -   B=2
        long: a very long line that a writer of YAML would fold at eighty columns, if it were let to do so by itself

    # about b
    b:   {image: b}
"""  # noqa: E501


def test_only_the_lines_of_the_edit_differ() -> None:
    """Odd blanks, quotes, indentation and long lines stay, although no YAML writer makes them."""
    assert ["+         read_only: true"] == _changes(ODD, _edited(ODD, READ_ONLY))


def test_what_is_new_does_not_go_below_the_comment_about_what_comes_next() -> None:
    """The blank line and the comment before service b stay before service b."""
    text = "services:\n  a:\n    image: a\n    tty: true\n\n  # about b\n  b:\n    image: b\n"
    lines = _edited(text, DROP).splitlines()

    assert lines.index("      - ALL") < lines.index("    tty: true")
    assert "  # about b" == lines[lines.index("  b:") - 1]


def test_a_comment_about_what_comes_next_outlives_what_was_taken_out() -> None:
    """YAML readers take it for the end of what was above it."""
    text = "services:\n  a:\n    image: a\n    privileged: true # why\n\n  # about b\n  b: {}\n"

    assert "services:\n  a:\n    image: a\n\n  # about b\n  b: {}\n" == _edited(
        text, Edit("delete", "privileged")
    )


def test_what_comes_in_by_a_merge_key_is_changed_for_one_service_only() -> None:
    """The other service, and the shared mapping, keep the list as it is."""
    text = (
        "x-c: &c\n  cap_drop: [CHOWN]\nservices:\n  a:\n    <<: *c\n    image: a\n"
        "  b:\n    <<: *c\n    image: b\n"
    )
    after = _edited(text, DROP)

    assert ["+     cap_drop: [CHOWN, ALL]"] == _changes(text, after)


def test_what_an_alias_shares_is_changed_for_one_service_only() -> None:
    """A value with an anchor belongs to whoever names it."""
    text = (
        "services:\n  b:\n    cap_drop: &d [CHOWN]\n    image: b\n"
        "  a:\n    image: a\n    cap_drop: *d\n"
    )
    changes = _changes(text, _edited(text, DROP))

    assert ["-     cap_drop: *d", "+     cap_drop: [CHOWN, ALL]"] == changes


def test_the_element_that_a_finding_points_at_is_cut_out() -> None:
    """A list that is empty then goes with its key."""
    text = "services:\n  a:\n    image: a\n    volumes:\n      - /run:/run\n      - b:/b\n"
    cut = Edit("cut", "evidence")
    once = _edited(text, cut, Location("c.yaml", 5, 9))

    assert ["-       - /run:/run"] == _changes(text, once)
    assert "services:\n  a:\n    image: a\n" == _edited(once, cut, Location("c.yaml", 5, 9))


def test_a_mapping_in_a_list_is_cut_out_whole() -> None:
    """It begins where its first key does; the mapping is meant, not the key."""
    text = (
        "spec:\n  containers:\n  - name: x\n    volumeMounts:\n"
        "    - name: root\n      mountPath: /host\n    - name: b\n      mountPath: /b\n"
    )
    file = YamlFile(text, "c.yaml")
    file.apply(_container(3, 5), Edit("cut", "evidence"), Location("c.yaml", 5, 7))

    assert ["-     - name: root", "-       mountPath: /host"] == _changes(text, file.text())


def test_what_lies_in_another_file_is_not_cut() -> None:
    """Evidence of an extended file leads nowhere here, even where a value has that place."""
    file = YamlFile("services: {a: {privileged: true}}\n", "c.yaml")
    place = Location("other.yaml", 1, 28)

    assert file.effect(_service("a"), Edit("cut", "evidence"), place) is None


def test_a_pods_own_setting_is_made_where_its_containers_are() -> None:
    """The path begins with `pod.`; other documents of the file stay as they are."""
    text = "kind: Service\n---\nkind: Pod\nspec:\n  containers:\n  - name: x\n    image: x\n"
    file = YamlFile(text, "c.yaml")
    file.apply(_container(6, 5), Edit("set", "pod.hostUsers", False), None)

    assert ["+   hostUsers: false"] == _changes(text, file.text())


def test_json_stays_json_with_its_indentation() -> None:
    """Compose and Kubernetes are written in JSON, too."""
    text = '{\n    "services": {\n        "a": {\n            "image": "a"\n        }\n    }\n}\n'
    after = _edited(text, READ_ONLY)

    assert '            "image": "a",\n            "read_only": true\n' in after
    assert text == after.replace(',\n            "read_only": true', "")


def test_lines_keep_their_ends() -> None:
    """A file from Windows stays one."""
    text = "services:\r\n  a:\r\n    image: a\r\n"

    assert f"{text}    read_only: true\r\n" == _edited(text, READ_ONLY)


def test_a_file_without_a_newline_at_its_end_is_edited() -> None:
    """The last line stays a line of its own."""
    assert "services:\n  a:\n    image: a\n    read_only: true\n" == _edited(
        "services:\n  a:\n    image: a", READ_ONLY
    )


def test_an_unknown_service_gives_nothing_to_edit() -> None:
    """Its definition may come from another file."""
    file = YamlFile("services: {a: {image: a}}\n", "c.yaml")

    assert file.effect(_service("z"), READ_ONLY, None) is None
    assert Effect.ADDS is file.effect(_service("a"), READ_ONLY, None)


@pytest.mark.parametrize("text", ["a: [", "a: {{ b }}", "a: &x *y", "a: !!python/object:os.x {}"])
def test_what_cannot_be_edited_is_refused_with_its_place(text: str) -> None:
    """One line, no traceback; what a tag names is never made."""
    try:
        YamlFile(text, "c.yaml")
    except DocumentError as error:
        assert error.cause.startswith("c.yaml")
        assert "cannot be read for editing" in error.cause
