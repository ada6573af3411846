"""What a TARGET may be, and what is said of one that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import CLOSED, ROOT, Ended, Isoaudit, open_recording

TWO = "services: {web: {image: a}, database: {image: b}}\n"
DOMAIN = "<domain type='kvm'><name>vm1</name><memory>1</memory></domain>\n"


def _ids(ended: Ended) -> list[str]:
    return sorted(target["id"] for target in ended.report["targets"])


def test_a_part_of_a_file_is_picked_with_a_hash(isoaudit: Isoaudit, here: Path) -> None:
    """FILE#NAME is that service alone, and NAME may hold *."""
    (here / "compose.yaml").write_text(TWO)

    assert ["compose:compose.yaml#web"] == _ids(isoaudit("scan", "compose.yaml#web", "-fjson"))
    assert ["compose:compose.yaml#database"] == _ids(
        isoaudit("scan", "compose.yaml#data*", "-fjson")
    )


def test_a_part_that_is_not_there_is_an_error_with_a_suggestion(
    isoaudit: Isoaudit, here: Path
) -> None:
    """It was named, so the audit is incomplete, even where another target was audited."""
    (here / "compose.yaml").write_text(TWO)

    ended = isoaudit("scan", "compose.yaml#databse", "compose.yaml#web", "-f", "json",
                     "--fail-on", "never")  # fmt: skip

    assert (4, ["compose:compose.yaml#web"]) == (ended.code, _ids(ended))
    assert "Did you mean compose.yaml#database?" == ended.report["errors"][0]["how_to_get"]


def test_a_part_of_a_folder_is_refused(isoaudit: Isoaudit, here: Path) -> None:
    """A name is looked for in one file, or a slip would leave out everything in silence."""
    (here / "compose.yaml").write_text(TWO)

    assert 2 == isoaudit("scan", "./#web").code


def test_a_file_named_twice_is_read_once(isoaudit: Isoaudit, here: Path) -> None:
    """By two spellings, or by its folder and its own name."""
    (here / "compose.yaml").write_text(CLOSED)

    ended = isoaudit("scan", "compose.yaml", "./compose.yaml", ".", "-f", "json")

    assert ["compose:compose.yaml#web"] == _ids(ended)


def test_a_folder_is_searched_for_what_deploys(isoaudit: Isoaudit, here: Path) -> None:
    """By content, at any depth; what declares nothing and saved results are passed over."""
    (here / "deep" / "er").mkdir(parents=True)
    (here / "deep" / "er" / "stack.yml").write_text(CLOSED)
    (here / "vm.xml").write_text(DOMAIN)
    (here / "values.yaml").write_text("replicas: 3\n")
    (here / "notes.txt").write_text(CLOSED)
    isoaudit("scan", "vm.xml", "-o", "result.json")
    isoaudit("collect", "vm.xml", "-o", "evidence.json")

    ended = isoaudit("scan", ".", "-f", "json", "--fail-on", "never")

    assert (0, ["compose:deep/er/stack.yml#web", "libvirt_xml:vm.xml"]) == (
        ended.code,
        _ids(ended),
    )


def test_ids_start_at_the_repository(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that they are the same from wherever in it a scan is started."""
    (here / ".git").mkdir()
    (here / "deploy").mkdir()
    (here / "deploy" / "compose.yaml").write_text(CLOSED)
    monkeypatch.chdir(here / "deploy")

    assert ["compose:deploy/compose.yaml#web"] == _ids(isoaudit("scan", "compose.yaml", "-fjson"))


@pytest.mark.parametrize("target", ["-", "compose:-"])
def test_standard_input_is_a_file(isoaudit: Isoaudit, here: Path, target: str) -> None:
    """Its kind is recognised, or told."""
    ended = isoaudit("scan", target, "-f", "json", stdin=CLOSED.encode())

    assert ["compose:stdin#web"] == _ids(ended)


def test_a_dialect_may_be_told(isoaudit: Isoaudit, here: Path) -> None:
    """For a file whose name and content do not say what it is."""
    (here / "stack").write_text("x-note: of ours\n" + CLOSED)

    assert ["compose:stack#web"] == _ids(isoaudit("scan", "compose:stack", "-f", "json"))


def test_a_file_of_no_known_kind_is_an_error_if_named(isoaudit: Isoaudit, here: Path) -> None:
    """It says what would be known, and how to tell."""
    (here / "values.yaml").write_text("replicas: 3\n")

    ended = isoaudit("scan", "values.yaml", "-f", "json")

    assert 4 == ended.code
    assert "compose:FILE" in ended.report["errors"][0]["how_to_get"]


def test_a_saved_result_is_no_evidence(isoaudit: Isoaudit, here: Path) -> None:
    """It is pointed to `isoaudit report`."""
    (here / "compose.yaml").write_text(CLOSED)
    isoaudit("scan", "compose.yaml", "-o", "result.json")

    ended = isoaudit("scan", "result.json", "-f", "json")

    assert 4 == ended.code
    assert "isoaudit report result.json" in ended.report["errors"][0]["how_to_get"]


def test_a_container_is_found_by_name_pattern_or_id(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `docker inspect` would, and with a *."""
    open_recording(monkeypatch, "docker/plain")
    by_name = isoaudit("scan", "docker:isorec-plain", "-f", "json", "--fail-on", "never")
    text = (ROOT / "tests/recordings/docker/plain.json").read_text()
    identity = text.partition('"Id": "')[2][:12]

    assert (0, ["docker:isorec-plain"]) == (by_name.code, _ids(by_name))
    for target in ("docker:", "docker:isorec-*", f"docker:{identity}"):
        assert ["docker:isorec-plain"] == _ids(isoaudit("scan", target, "-f", "json"))


def test_a_container_that_is_not_there_is_an_error_with_a_suggestion(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip must not look like a clean audit."""
    open_recording(monkeypatch, "docker/plain")

    ended = isoaudit("scan", "docker:isorec-plian", "-f", "json")

    row = ended.report["errors"][0]
    assert (4, []) == (ended.code, ended.report["targets"])
    assert "docker knows no 'isorec-plian'" == row["message"]
    assert "Did you mean docker:isorec-plain?" == row["how_to_get"]
    assert "docker:isorec-plian" in ended.err


def test_a_container_named_twice_is_read_once(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name and by a pattern."""
    open_recording(monkeypatch, "docker/plain")

    ended = isoaudit("scan", "docker:isorec-plain", "docker:isorec*", "-f", "json")

    assert ["docker:isorec-plain"] == _ids(ended)


def test_another_hosts_name_is_not_this_host(isoaudit: Isoaudit, here: Path) -> None:
    """host:NAME, as reports print it, is this host only if that is its name."""
    ended = isoaudit("scan", "host:elsewhere.invalid", "-f", "json")

    assert (4, []) == (ended.code, ended.report["targets"])


def test_no_target_is_everything_found(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This host first of all; stderr says so, and how to scan files instead."""
    monkeypatch.setattr("isoaudit.targets.discover.find_endpoints", list)
    monkeypatch.setattr("isoaudit.targets.discover.available_uris", list)
    monkeypatch.setattr("isoaudit.targets.discover.sandboxes", list)

    ended = isoaudit("scan", "-f", "json", "--fail-on", "never")

    assert ["host"] == [target["kind"] for target in ended.report["targets"]]
    assert "isoaudit scan ." in ended.err


def test_a_path_from_a_report_is_told_as_it_is_from_here(
    isoaudit: Isoaudit, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports name files from the top of the repository, and people stand below it."""
    (here / ".git").mkdir()
    (here / "deploy").mkdir()
    (here / "deploy" / "compose.yaml").write_text(TWO)
    monkeypatch.chdir(here / "deploy")

    ended = isoaudit("scan", "compose:deploy/compose.yaml#web")

    assert (2, True) == (ended.code, "from here it is compose.yaml." in ended.err)
