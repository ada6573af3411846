"""`isoaudit harden`: what changes, what stays, where it goes, and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from command_line import ROOT, Isoaudit, open_recording

from isoaudit.cli.files import text_whole

COMPOSE = """\
services:
  web: # the shop
    image: shop@sha256:{digest}
    cap_add: [NET_BIND_SERVICE]
""".replace("{digest}", "a" * 64)

EXAMPLES = ("compose/risky.yaml", "kubernetes/risky.yaml", "libvirt/legacy.xml",
            "docker_run/risky.sh", "docker_run/Makefile", "quadlet/risky.container")  # fmt: skip


def _failing(isoaudit: Isoaudit, file: str) -> set[tuple[str, str]]:
    report = isoaudit("scan", file, "-f", "json", "--report-only").report
    return {
        (target["id"], finding["check"])
        for target in report["targets"]
        for finding in target["findings"]
        if finding["status"] == "fail"
    }


def test_the_hardened_file_goes_to_stdout_and_the_file_stays(
    isoaudit: Isoaudit, here: Path
) -> None:
    """Comments and what the service says it needs are kept."""
    (here / "compose.yaml").write_text(COMPOSE)

    ended = isoaudit("harden", "compose.yaml")

    service = yaml.safe_load(ended.out)["services"]["web"]
    assert (0, COMPOSE) == (ended.code, (here / "compose.yaml").read_text())
    assert "  web: # the shop\n" in ended.out
    assert (["ALL"], ["NET_BIND_SERVICE"]) == (service["cap_drop"], service["cap_add"])
    assert ["no-new-privileges:true"] == service["security_opt"]
    assert "findings ended" in ended.err


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("options", [(), ("--take-away",)])
def test_nothing_that_ended_comes_back_and_nothing_new_comes(
    isoaudit: Isoaudit, here: Path, name: str, options: tuple[str, ...]
) -> None:
    """Scanning the result has none of the findings that are said to have ended; what comes in
    their place is told."""
    file = Path(name).name
    (here / file).write_text((ROOT / "examples" / name).read_text())
    before = _failing(isoaudit, file)

    ended = isoaudit("harden", file, "--in-place", *options)
    after = _failing(isoaudit, file)

    assert (0, True) == (ended.code, len(after) < len(before))
    assert all(f"arises instead: {check} " in ended.err for _, check in after - before)
    assert 0 == isoaudit("harden", file, "--diff", *options).code
    assert "" == isoaudit("harden", file, "--diff", *options).out


def test_what_the_file_asks_for_stays_unless_it_may_be_taken_away(
    isoaudit: Isoaudit, here: Path
) -> None:
    """Privileged is told with its place, and goes with --take-away."""
    (here / "compose.yaml").write_text("services:\n  a:\n    image: a\n    privileged: true\n")

    kept = isoaudit("harden", "compose.yaml")
    taken = isoaudit("harden", "compose.yaml", "--take-away")

    assert "privileged: true" in kept.out
    assert "compose.yaml:4:17: CAP-001" in kept.err
    assert "privileged" not in taken.out
    assert {"image": "a", "cap_drop": ["ALL"]}.items() <= (
        yaml.safe_load(taken.out)["services"]["a"].items()
    )


def test_an_edit_that_ends_nothing_is_not_made(isoaudit: Isoaudit, here: Path) -> None:
    """A privileged container keeps every capability, whatever it is told to drop."""
    (here / "compose.yaml").write_text("services:\n  a:\n    image: a\n    privileged: true\n")

    assert "cap_drop" not in isoaudit("harden", "compose.yaml").out


def test_what_only_the_owner_knows_is_asked_for(isoaudit: Isoaudit, here: Path) -> None:
    """A limit that isoaudit made up would kill the workload."""
    (here / "compose.yaml").write_text(COMPOSE)

    asked = isoaudit("harden", "compose.yaml")
    told = isoaudit("harden", "compose.yaml", "--memory", "512m", "--cpus", "1.5",
                    "--user", "1000:1000")  # fmt: skip

    assert "Say it: --memory 512m" in asked.err
    service = yaml.safe_load(told.out)["services"]["web"]
    assert ("512m", "1.5", "1000:1000") == (
        service["mem_limit"], str(service["cpus"]), service["user"]
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong", [("--user", "0"), ("--user", "app"), ("--memory", "lots"), ("--cpus", "0")]
)
def test_a_value_that_is_none_is_a_usage_error(
    isoaudit: Isoaudit, here: Path, wrong: tuple[str, str]
) -> None:
    """Before anything is read."""
    (here / "compose.yaml").write_text(COMPOSE)

    assert 2 == isoaudit("harden", "compose.yaml", *wrong).code


def test_a_user_namespace_is_not_put_beside_what_forbids_it(isoaudit: Isoaudit, here: Path) -> None:
    """Kubernetes refuses hostUsers: false in a pod on the host's network."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{name: a}]\n"
    (here / "pod.yaml").write_text(pod)
    (here / "host.yaml").write_text(pod + "  hostNetwork: true\n")

    assert "hostUsers: false" in isoaudit("harden", "pod.yaml").out
    ended = isoaudit("harden", "host.yaml")
    assert "hostUsers" not in ended.out
    assert "not valid beside hostNetwork" in ended.err


def test_one_service_of_several_is_hardened_alone(isoaudit: Isoaudit, here: Path) -> None:
    """FILE#NAME, as with scan."""
    (here / "compose.yaml").write_text("services:\n  a:\n    image: a\n  b:\n    image: b\n")

    services = yaml.safe_load(isoaudit("harden", "compose.yaml#b").out)["services"]

    assert {"image": "a"} == services["a"]
    assert services["b"]["read_only"]


def test_an_output_is_written_whole_and_keeps_the_rights_it_had(
    isoaudit: Isoaudit, here: Path
) -> None:
    """--in-place on a file that only its owner may read leaves it so."""
    file = here / "compose.yaml"
    file.write_text(COMPOSE)
    file.chmod(0o600)

    ended = isoaudit("harden", "compose.yaml", "--in-place")

    assert ("", 0o600) == (ended.out, file.stat().st_mode & 0o777)
    assert "read_only: true" in file.read_text()


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("x.yaml", "a: 1\n", 4),
        ("d.vmx", 'config.version = "8"\nvirtualHW.version = "19"\n', 4),
        ("compose.yaml", "services: {a: {image: a, image: b}}\n", 4),
        ("compose.yaml", "services: [\n", 4),
        ("compose.yaml", "services: {}\n", 3),
    ],
)
def test_what_cannot_be_hardened_is_said_in_one_line(
    isoaudit: Isoaudit, here: Path, name: str, text: str, code: int
) -> None:
    """Nothing is written then."""
    (here / name).write_text(text)

    ended = isoaudit("harden", name)

    assert ("", code) == (ended.out, ended.code)
    assert "Traceback" not in ended.err


def test_a_folder_is_no_file(isoaudit: Isoaudit, here: Path) -> None:
    """One file at a time: what would be written over is named."""
    (here / "compose.yaml").write_text(COMPOSE)

    assert 2 == isoaudit("harden", ".").code


def test_what_runs_is_told_the_options_it_would_need(
    isoaudit: Isoaudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is changed; the same stands there as a compose service."""
    open_recording(monkeypatch, "docker/plain")

    ended = isoaudit("harden", "docker:isorec-plain", "--memory", "64m")

    line = ended.out.splitlines()[1]
    assert line.startswith("docker run --cap-drop ALL --security-opt no-new-privileges:true")
    assert "--memory 64m" in line
    assert "cap_drop:\n- ALL\n" in ended.out
    assert "without" not in ended.out
    assert "when it is started anew" in ended.err


def test_what_was_asked_for_is_taken_out_as_it_was_asked(
    isoaudit: Isoaudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One option, not the forty findings that it brings."""
    open_recording(monkeypatch, "docker/privileged")

    ended = isoaudit("harden", "docker:isorec-privileged", "--take-away")

    kept = isoaudit("harden", "docker:isorec-privileged")
    assert "--cap-drop" not in kept.out  # a privileged container holds them whatever it drops
    assert "CAP-002" in kept.err
    assert "# without: --privileged\n" in ended.out
    assert "--cap-add" not in ended.out


def test_what_has_no_start_command_is_a_usage_error(isoaudit: Isoaudit) -> None:
    """A host is hardened in many places; `scan` says which."""
    assert 2 == isoaudit("harden", "host").code


def test_a_unit_that_starts_a_container_is_not_taken_for_a_script(
    isoaudit: Isoaudit, here: Path
) -> None:
    """What stands in it is a command line; the file is a unit all the same."""
    text = "[Service]\nExecStart=docker run --privileged app:1\n"
    (here / "app.service").write_text(text)

    ended = isoaudit("harden", "app.service")
    assert ended.code != 0
    assert "(systemd) cannot be edited" in ended.err
    assert text == (here / "app.service").read_text()


def test_what_is_waived_in_the_file_asks_for_no_edit(isoaudit: Isoaudit, here: Path) -> None:
    """Whoever accepted a finding did not ask for the end of it; it is told among what stays."""
    noted = "  web: # isoaudit: ignore[CAP-*] its rights were reviewed in ticket 12\n"
    (here / "compose.yaml").write_text(COMPOSE.replace("  web: # the shop\n", noted))

    ended = isoaudit("harden", "compose.yaml")

    service = yaml.safe_load(ended.out)["services"]["web"]
    assert not {"cap_drop", "security_opt"} & set(service)
    assert service["read_only"]
    assert "stays: waived" in ended.err


def test_a_new_file_is_no_more_open_than_the_one_it_is_made_of(
    isoaudit: Isoaudit, here: Path
) -> None:
    """What the file holds may be nobody else's business."""
    (here / "compose.yaml").write_text(COMPOSE)
    (here / "compose.yaml").chmod(0o600)

    assert 0 == isoaudit("harden", "compose.yaml", "-o", "hard.yaml").code
    assert 0o600 == (here / "hard.yaml").stat().st_mode & 0o7777


def test_the_rights_are_given_before_anything_is_written(here: Path) -> None:
    """By its name it could be another file by then, in a folder that is a stranger's."""
    (here / "private").write_text("")
    (here / "private").chmod(0o640)

    with text_whole(here / "new", here / "private"):
        (part,) = here.glob(".new.*.part")
        assert (0o640, 0) == (part.stat().st_mode & 0o7777, part.stat().st_size)


def test_a_link_is_not_replaced_by_a_file(isoaudit: Isoaudit, here: Path) -> None:
    """What it leads to would stay as it is, and nobody would know."""
    (here / "real.yaml").write_text(COMPOSE)
    (here / "compose.yaml").symlink_to("real.yaml")

    ended = isoaudit("harden", "compose.yaml", "--in-place")

    assert (2, True) == (ended.code, (here / "compose.yaml").is_symlink())
    assert f"Name the file that it leads to: {here / 'real.yaml'}" in ended.err


NOTES = """\
services:
  web:
    image: shop

  # isoaudit: ignore[CAP-*] it needs what it has by @team
  db:
    image: db # newest
    # the port of the shop
    ports: ["127.0.0.1:1:1"]
    command: |
      echo
      # no comment
  last:
    image: x

# the end
"""


def test_comments_stay_with_what_they_are_about(isoaudit: Isoaudit, here: Path) -> None:
    """What is put in comes before the comments on what is next."""
    (here / "compose.yaml").write_text(NOTES)

    after = isoaudit("harden", "compose.yaml").out

    assert "\n  # isoaudit: ignore[CAP-*] it needs what it has by @team\n  db:\n" in after
    assert "\n    # the port of the shop\n    ports:" in after
    assert "      echo\n      # no comment\n  last:\n" in after
    assert after.endswith("\n\n# the end\n")
    assert NOTES.splitlines() == [one for one in after.splitlines() if one in NOTES.splitlines()]


def test_json_that_cannot_be_written_again_is_refused(isoaudit: Isoaudit, here: Path) -> None:
    """A number beyond all bounds would come out as a word that no reader of JSON takes."""
    (here / "compose.json").write_text('{"services": {"a": {"image": "b", "x-a": 1e400}}}')

    ended = isoaudit("harden", "compose.json")

    assert (4, "") == (ended.code, ended.out)
    assert "compose.json: holds a value that JSON cannot be written with" in ended.err


def test_an_ordered_map_stands_in_nobodys_way(isoaudit: Isoaudit, here: Path) -> None:
    """It is an extension's, and stays as it is."""
    text = "services:\n  a:\n    image: b\n    x-a: !!omap\n    - b: 1\n    - c: 2\n"
    (here / "compose.yaml").write_text(text)

    ended = isoaudit("harden", "compose.yaml")

    assert 0 == ended.code
    assert "    x-a: !!omap\n    - b: 1\n    - c: 2\n" in ended.out
