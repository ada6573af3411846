"""A pull request's rehearsal: what a change brought fails the run, what stood before does not."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from command_line import OPEN, PROFILE, Ended, House, Isoaudit
from repository import Repo

from isoaudit.audit import pipeline
from isoaudit.cli import reviewing

BEFORE = """services:
  web:
    image: web
    privileged: true
  db:
    image: db
"""
AFTER = """# moved down by a line
services:
  web:
    image: web
    privileged: true
  db:
    image: db
    privileged: true
"""
WEB, DB = "compose:compose.yaml#web", "compose:compose.yaml#db"


@pytest.fixture
def repo(here: Path) -> Repo:
    """A repository with one privileged service on main, and a branch to work on."""
    repo = Repo(here)
    repo.write("compose.yaml", BEFORE)
    repo.commit()
    repo.git("checkout", "-q", "-b", "change")
    return repo


def baselines(ended: Ended) -> dict[str, str | None]:
    """Return by target what the report says of its one failing finding."""
    return {
        target["id"]: finding["baseline"]
        for target in ended.report["targets"]
        for finding in target["findings"]
        if finding["status"] == "fail"
    }


def test_what_a_change_brought_fails_on_its_line(
    isoaudit: Isoaudit, repo: Repo, house: House
) -> None:
    """The new finding is located on the changed line; the old one moved and is still known."""
    repo.write("compose.yaml", AFTER)
    repo.commit()

    ended = isoaudit("scan", ".", "--since", "main", "-f", "json", *house())

    assert 1 == ended.code
    assert {WEB: "known", DB: "new"} == baselines(ended)
    new = next(target for target in ended.report["targets"] if target["id"] == DB)
    place = new["findings"][0]["location"]
    assert ("compose.yaml", 8) == (place["file"], place["line"])
    assert "the gate does not hold for compose:compose.yaml#db\n" in ended.err
    assert f"1 finding was there at main ({repo.git('rev-parse', 'main')[:12]})" in ended.err


def test_what_is_not_committed_yet_is_judged_as_it_is(
    isoaudit: Isoaudit, repo: Repo, house: House
) -> None:
    """The tree that is there now counts, not the last commit."""
    repo.write("compose.yaml", AFTER)

    assert 1 == isoaudit("scan", ".", "--since", "main", *house()).code


def test_old_findings_alone_let_the_run_pass(isoaudit: Isoaudit, repo: Repo, house: House) -> None:
    """They are one line, and the page shows none of them."""
    ended = isoaudit("scan", ".", "--since", "main", *house())

    assert 0 == ended.code
    assert "Nothing new failed" in ended.out
    assert "1 finding was there at main" in ended.out
    assert "ACME-001" not in ended.out


def test_without_since_they_fail_the_run(isoaudit: Isoaudit, repo: Repo, house: House) -> None:
    """The comparison is what lets them pass, and nothing else."""
    assert 1 == isoaudit("scan", ".", *house()).code


def test_what_went_away_is_one_line(isoaudit: Isoaudit, repo: Repo, house: House) -> None:
    """And counted in the document."""
    repo.write("compose.yaml", BEFORE.replace("    privileged: true\n", ""))

    ended = isoaudit("scan", ".", "--since", "main", "-f", "json", *house())

    assert 0 == ended.code
    assert "1 finding of then is not found any more" in ended.err
    since = ended.report["run"]["since"]
    assert (0, 1, 0) == (since["known"], since["gone"], since["unread"])
    assert "main" == since["ref"]


def test_a_worse_severity_is_new(isoaudit: Isoaudit, repo: Repo, house: House) -> None:
    """A finding that was medium and became critical is what the change brought."""
    check = """
id: ACME-001
title: No container is privileged
severity:
  - {when: process.no_new_privileges, level: medium}
  - critical
applies_to: [container]
each: process
pass: '!process.root_permitted'
message: it may be root
rationale: Root rules the container.
remediation: {compose: "Set a user."}
references: {acme_rules: ["1.1"]}
examples:
  - name: not root
    facts: {process: [{process.root_permitted: false}]}
    expect: pass
  - name: root
    facts: {process: [{process.root_permitted: true, process.no_new_privileges: false}]}
    expect: fail
  - name: a milder root
    facts: {process: [{process.root_permitted: true, process.no_new_privileges: true}]}
    expect: fail
    severity: medium
  - {name: not read, facts: {}, expect: unknown}
"""
    checks = repo.folder.parent / "checks"
    checks.mkdir()
    (checks / "ACME-001.yaml").write_text(check)
    profile = repo.folder.parent / "worse.yaml"
    profile.write_text(PROFILE)
    options = ("--checks", str(checks), "-p", str(profile))
    repo.write("compose.yaml", "services:\n  a:\n    image: a\n"
               "    security_opt: ['no-new-privileges:true']\n")  # fmt: skip
    repo.commit()
    repo.write("compose.yaml", "services:\n  a:\n    image: a\n")

    ended = isoaudit("scan", ".", "--since", "HEAD", "-f", "json", *options)

    assert (1, {"compose:compose.yaml#a": "new"}) == (ended.code, baselines(ended))
    assert (0, 0) == tuple(ended.report["run"]["since"][key] for key in ("known", "gone"))


def test_a_file_that_was_broken_then_holds_new_findings(
    isoaudit: Isoaudit, repo: Repo, house: House
) -> None:
    """What could not be read at the revision excuses nothing."""
    repo.write("compose.yaml", "services: [\n")
    repo.commit()
    repo.write("compose.yaml", BEFORE)

    ended = isoaudit("scan", ".", "--since", "HEAD", *house())

    assert 1 == ended.code
    assert "1 file could not be read there" in ended.err


def test_a_file_that_was_renamed_keeps_its_findings(
    isoaudit: Isoaudit, repo: Repo, house: House
) -> None:
    """Git says it is the same file, so its findings are the same."""
    (repo.folder / "deploy").mkdir()
    repo.git("mv", "compose.yaml", "deploy/compose.yaml")
    repo.commit()

    ended = isoaudit("scan", ".", "--since", "main", "-f", "json", *house())

    assert (0, {"compose:deploy/compose.yaml#web": "known"}) == (ended.code, baselines(ended))


def test_a_file_that_came_into_a_scanned_folder_is_new_there(
    isoaudit: Isoaudit, repo: Repo, house: House
) -> None:
    """An example that becomes a deployment is what the change brought."""
    (repo.folder / "deploy").mkdir()
    repo.git("mv", "compose.yaml", "deploy/compose.yaml")
    repo.commit()

    assert 1 == isoaudit("scan", "deploy/", "--since", "main", *house()).code


def test_a_copy_is_new(isoaudit: Isoaudit, repo: Repo, house: House) -> None:
    """The first one still stands, and a second one was brought."""
    repo.write("copy/compose.yaml", BEFORE)
    repo.commit()

    assert 1 == isoaudit("scan", ".", "--since", "main", *house()).code


@pytest.mark.parametrize("words", [("compose.yaml",), ("../here/compose.yaml",), ("..",)], ids=str)
def test_from_a_folder_below_names_mean_the_same(
    isoaudit: Isoaudit, repo: Repo, house: House, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Relative names are read from where one stands, absolute ones from where they lead."""
    (repo.folder / "sub").mkdir()
    monkeypatch.chdir(repo.folder if words != ("..",) else repo.folder / "sub")

    assert 0 == isoaudit("scan", *words, "--since", "main", *house()).code


def test_from_outside_the_repository(
    isoaudit: Isoaudit, repo: Repo, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one stands does not matter."""
    monkeypatch.chdir(repo.folder.parent)

    ended = isoaudit("scan", "here/compose.yaml", str(repo.folder), "--since", "main", *house())

    assert 0 == ended.code
    assert str(repo.folder.parent) == os.getcwd()


def test_many_files_are_judged_by_workers_as_well(
    isoaudit: Isoaudit, repo: Repo, house: House
) -> None:
    """From some number of files on, at the revision too."""
    for number in range(30):
        repo.write(f"a{number}/compose.yaml", OPEN)
    repo.commit()
    repo.write("a7/compose.yaml", OPEN.replace("{web", "{api: {image: a, privileged: true}, web"))

    ended = isoaudit("scan", ".", "--since", "HEAD", "-j", "2", "-f", "json", *house())

    new = [target for target, word in baselines(ended).items() if word == "new"]
    assert (1, ["compose:a7/compose.yaml#api"]) == (ended.code, new)
    assert 31 == ended.report["run"]["since"]["known"]


def test_three_dots_are_where_the_branch_left(isoaudit: Isoaudit, repo: Repo, house: House) -> None:
    """What main got rid of meanwhile is not held against a branch that has it still."""
    repo.git("checkout", "-q", "main")
    repo.write("compose.yaml", BEFORE.replace("    privileged: true\n", ""))
    repo.commit()
    repo.git("checkout", "-q", "change")

    assert 1 == isoaudit("scan", ".", "--since", "main", *house()).code
    branched = isoaudit("scan", ".", "--since", "main...", *house())
    assert 0 == branched.code
    assert "1 finding was there where HEAD left main" in branched.err


def test_a_shallow_clone_is_told_what_to_fetch(
    isoaudit: Isoaudit, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a CI's checkout is, unless it was asked for more."""
    repo.write("compose.yaml", AFTER)
    repo.commit()
    clone = tmp_path / "clone"
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.folder}", str(clone))
    monkeypatch.chdir(clone)

    ended = isoaudit("scan", ".", "--since", "main")

    assert (2, "") == (ended.code, ended.out)
    assert "fetch-depth: 0" in ended.err


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (("scan", ".", "--since", "no-such"), "no revision 'no-such'"),
        (("scan", ".", "--since", "--output=x"), "names no single revision"),
        (("scan", ".", "--since", "main..change"), "names no single revision"),
        (("scan", ".", "--since", ""), "names no single revision"),
        (("scan", "host", "--since", "main"), "host is none"),
        (("scan", "docker:web", "--since", "main"), "docker:web is none"),
        (("scan", "-", "--since", "main"), "- is none"),
        (("scan", "/etc", "--since", "main"), "lies in no git repository"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_compared_ends_with_2(
    isoaudit: Isoaudit, repo: Repo, words: tuple[str, ...], cause: str
) -> None:
    """Before anything is audited, with the cause."""
    ended = isoaudit(*words)

    assert (2, "") == (ended.code, ended.out)
    assert cause in ended.err


def test_files_of_no_repository_end_with_2(isoaudit: Isoaudit, here: Path) -> None:
    """They have no revisions."""
    (here / "compose.yaml").write_text(OPEN)

    assert 2 == isoaudit("scan", ".", "--since", "main").code


def test_nothing_of_the_revision_is_left_behind(
    isoaudit: Isoaudit, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder it was laid out in goes, whether or not the run came to its end."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))

    assert 0 == isoaudit("scan", ".", "--since", "main", "--fail-on", "low").code
    monkeypatch.setattr(pipeline, "_judge_files", interrupted)
    assert 130 == isoaudit("scan", ".", "--since", "main").code
    assert [] == list(place.iterdir())


def test_a_hook_of_git_does_not_lead_elsewhere(
    isoaudit: Isoaudit, repo: Repo, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIT_DIR and its like, as set for a hook, are not what decides."""
    other = tmp_path / "other"
    other.mkdir()
    Repo(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))

    assert 0 == isoaudit("scan", ".", "--since", "main", *house()).code


def test_nothing_that_the_repository_configures_is_run(
    isoaudit: Isoaudit, repo: Repo, house: House, tmp_path: Path
) -> None:
    """Filters, monitors, external diffs and transports are programs of the input's choice."""
    proof = tmp_path / "proof"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {proof}\ncat\n")
    script.chmod(0o755)
    repo.write(".gitattributes", "* filter=f diff=f\n")
    repo.commit()
    for name in ("filter.f.clean", "filter.f.smudge", "filter.f.process", "core.fsmonitor",
                 "diff.external", "diff.f.command", "diff.f.textconv", "core.pager",
                 "core.sshCommand", "uploadpack.packObjectsHook"):  # fmt: skip
        repo.git("config", name, str(script))
    repo.git("config", "remote.origin.url", f"ext::{script}")
    repo.git("config", "protocol.ext.allow", "always")
    repo.git("config", "core.repositoryformatversion", "1")
    repo.git("config", "extensions.partialClone", "origin")
    repo.git("config", "remote.origin.promisor", "true")
    blob = (
        subprocess.run(
            ["git", "rev-parse", "HEAD:compose.yaml"],
            cwd=repo.folder,
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .strip()
    )
    (repo.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    ended = isoaudit("scan", ".", "--since", "HEAD", *house())

    assert 2 == ended.code
    assert not proof.exists()


WAIVED = AFTER.replace("  db:\n", "  db: # isoaudit: ignore[ACME-001] {} until 2099-01-31\n")


def test_a_waiver_with_an_expiry_lets_it_pass_until_that_day(
    isoaudit: Isoaudit, repo: Repo, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A waiver file that is named counts today, and not on the day after its last one."""
    repo.write("compose.yaml", AFTER)
    waivers = repo.write(
        "waivers.yaml",
        f"waivers:\n  - check: ACME-001\n    target: {DB}\n    reason: the backup needs it\n"
        "    owner: ops\n    until: 2026-12-31\n",
    )
    scan = ("scan", ".", "--since", "main", "--waivers", str(waivers), *house())

    monkeypatch.setattr(reviewing, "today", lambda: "2026-12-31")
    last = isoaudit(*scan)
    monkeypatch.setattr(reviewing, "today", lambda: "2027-01-01")
    after = isoaudit(*scan)

    assert (0, 1) == (last.code, after.code)
    assert "1 finding waived" in last.err
    assert "1 expired" in after.err


def test_a_change_does_not_waive_what_it_brings(
    isoaudit: Isoaudit, repo: Repo, house: House
) -> None:
    """A comment that came with the change is told, and does not count before it is merged."""
    repo.write("compose.yaml", WAIVED.format("it has to be so"))

    assert 0 == isoaudit("scan", ".", *house(), "--baseline", _baseline(isoaudit, repo, house)).code
    ended = isoaudit("scan", ".", "--since", "main", *house())

    assert 1 == ended.code
    assert "it came with the change that is judged" in ended.out


def test_a_waiver_that_stood_does_not_move_to_another_target(
    isoaudit: Isoaudit, repo: Repo, house: House
) -> None:
    """What was reviewed for one service was not reviewed for another."""
    before = BEFORE.replace("  web:\n", "  web: # isoaudit: ignore[ACME-001] it has to be so\n")
    repo.write("compose.yaml", before)
    repo.commit()
    repo.write("compose.yaml", AFTER.replace("  db:\n", "  db: # isoaudit: ignore[ACME-001] "
               "it has to be so\n"))  # fmt: skip

    assert 1 == isoaudit("scan", ".", "--since", "HEAD", *house()).code


def test_a_waiver_that_stood_still_counts(isoaudit: Isoaudit, repo: Repo, house: House) -> None:
    """Its finding is shown as waived, as it was before."""
    before = BEFORE.replace("  web:\n", "  web: # isoaudit: ignore[ACME-001] it has to be so\n")
    repo.write("compose.yaml", before)
    repo.commit()
    repo.write("compose.yaml", "# moved\n" + before)

    ended = isoaudit("scan", ".", "--since", "HEAD", "-f", "json", *house())

    found = [finding for target in ended.report["targets"] for finding in target["findings"]]
    assert ["it has to be so"] == [
        finding["waiver"]["reason"] for finding in found if finding["waiver"]
    ]
    assert 0 == ended.code


def test_what_either_of_two_baselines_knows_is_known(
    isoaudit: Isoaudit, repo: Repo, house: House
) -> None:
    """--baseline and --since together: a finding is new if neither knows it."""
    repo.write("compose.yaml", AFTER)
    scan = ("scan", ".", "--since", "main", *house())
    file = repo.folder.parent / "known.json"

    assert 1 == isoaudit(*scan).code
    isoaudit("scan", ".", "-o", f"baseline={file}", *house())
    assert 0 == isoaudit(*scan, "--baseline", str(file)).code


def _baseline(isoaudit: Isoaudit, repo: Repo, house: House) -> str:
    """Write a baseline of what stands on main; return its name."""
    file = repo.folder.parent / "main.json"
    now = (repo.folder / "compose.yaml").read_text()
    repo.write("compose.yaml", BEFORE)
    isoaudit("scan", ".", "-o", f"baseline={file}", *house())
    repo.write("compose.yaml", now)
    return str(file)


COPIED = """services:
  web:
    image: web
    volumes:
      - /etc:/a  # isoaudit: ignore[FS-*] the agent reads the settings there
"""


def test_a_comment_that_is_copied_to_a_second_finding_waives_nothing(
    isoaudit: Isoaudit, repo: Repo
) -> None:
    """It was reviewed for the first mount of this service, and says nothing of another."""
    repo.write("compose.yaml", COPIED)
    repo.commit()
    line = "      - /:/b  # isoaudit: ignore[FS-*] the agent reads the settings there\n"
    repo.write("compose.yaml", COPIED + line)

    ended = isoaudit("scan", ".", "--since", "HEAD", "-f", "json")

    waived = [one for target in ended.report["targets"] for one in target["findings"]
              if one["waiver"] and one["baseline"] == "new"]  # fmt: skip
    assert (1, []) == (ended.code, waived)
    assert "refused" in [use["state"] for use in ended.report["waivers"]]


def test_a_comment_on_a_service_does_not_cover_what_becomes_worse(
    isoaudit: Isoaudit, repo: Repo
) -> None:
    """A family of checks that is waived for a service is no licence for the next capability."""
    comment = "# isoaudit: ignore[CAP-*] the agent needs some of its rights"
    text = f"services:\n  {comment}\n  web:\n    image: a\n"
    repo.write("compose.yaml", text)
    repo.commit()
    repo.write("compose.yaml", f"{text}    cap_add: [SYS_ADMIN]\n")

    assert 1 == isoaudit("scan", ".", "--since", "HEAD").code
