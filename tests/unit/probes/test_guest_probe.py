"""The probe of a guest, asking a real shell: this machine's own, in place of one over SSH."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

import pytest

from isoaudit.errors import TargetError
from isoaudit.model import Reason, Vantage
from isoaudit.probes.guest.probe import GuestProbe
from isoaudit.transports.base import Failure, GuestSession, Unreadable
from isoaudit.transports.guest_frame import Output, answers, compose, new_word


class _Here:
    """A guest that is this machine; `asked` are the names of the questions."""

    uri = "ssh://audit@here:22"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, questions: Mapping[str, str]) -> dict[str, str | Failure]:
        self.asked += questions
        fewer = {name: one for name, one in questions.items() if name != "metadata"}
        word = new_word()
        told = subprocess.run(
            ["sh", "-s"], input=compose(word, list(fewer.values())), capture_output=True,
            check=True, timeout=60,
        )  # fmt: skip
        return answers(word, fewer, Output(told.stdout))

    def facts_of_session(self) -> GuestSession:
        return GuestSession(
            user="audit", host="here", port=22, key_type="ssh-ed25519", fingerprint="SHA256:x",
            verified="known_hosts", known_hosts="/k:1", jumps=[], server="SSH-2.0-test",
        )  # fmt: skip


class _Gone(_Here):
    def ask(self, questions: Mapping[str, str]) -> dict[str, str | Failure]:
        raise Unreadable(Reason.UNREACHABLE, "it hung up", "Scan again.")


def test_a_guest_is_asked_once_and_its_answers_become_its_facts() -> None:
    """All questions in one go; of what only its host could say, it says nothing."""
    api = _Here()
    probe = GuestProbe(api)

    facts = probe.collect(probe.find()[0])

    assert "sudo" not in api.asked
    assert len(api.asked) == len(set(api.asked))
    assert Vantage.GUEST is facts.facts["guest.kernel.release"][0].vantage
    assert "known_hosts" == facts.facts["guest.connection.verified"][0].value
    assert Reason.OTHER_HOST is facts.missing["vmm"][0].reason


def test_deep_asks_what_leaves_a_trace_too() -> None:
    """Only where that was asked for."""
    api = _Here()
    probe = GuestProbe(api, deep=True)

    facts = probe.collect(probe.find()[0])

    assert {"sudo", "metadata"} <= set(api.asked)
    assert "guest.account.sudo" in {*facts.facts, *facts.missing}


def test_a_guest_that_says_nothing_is_not_audited() -> None:
    """It was named: a run that ends well without one word of it would look like an answer."""
    probe = GuestProbe(_Gone())

    with pytest.raises(TargetError, match="it hung up"):
        probe.collect(probe.find()[0])
