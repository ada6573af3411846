"""A planted secret never survives redaction, whatever stands around it."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from isoaudit.facts.redaction import redact_environment, redact_text, redact_words

QUICK = settings(deadline=None)

AROUND = st.text(st.characters(codec="utf-8", exclude_categories=["L", "N"]), max_size=12)
NAMES = st.sampled_from(["PASSWORD", "db-token", "apiKey", "client.secret", "SSH_KEY", "auth"])
TOKENS = st.one_of(
    st.from_regex(r"ghp_[A-Za-z0-9]{36}", fullmatch=True),
    st.from_regex(r"AKIA[0-9A-Z]{16}", fullmatch=True),
    st.from_regex(r"glpat-[A-Za-z0-9]{20}", fullmatch=True),
    st.from_regex(r"eyJ[A-Za-z0-9]{12}\.eyJ[A-Za-z0-9]{12}\.[A-Za-z0-9]{20}", fullmatch=True),
)
SECRETS = st.from_regex(r"[A-Za-z0-9]{9,20}", fullmatch=True).map(lambda word: f"q7{word}7q")


@QUICK
@given(AROUND, TOKENS, AROUND)
def test_a_token_never_survives(before: str, token: str, after: str) -> None:
    """In free text, in an environment, in a command."""
    text = f"{before}{token}{after}"

    for shown in (redact_text(text), *redact_environment([f"X={text}"]), *redact_words([text])):
        assert token not in shown


@QUICK
@given(NAMES, SECRETS, AROUND)
def test_a_named_secret_never_survives(name: str, secret: str, around: str) -> None:
    """As an option, as its argument, as an assignment, inside a shell's command."""
    word = re.sub(r"\s", "", around)
    for words in (
        [word, f"--{name}={secret}", word],
        [f"--{name}", secret],
        [f"{name}={secret}"],
        ["sh", "-c", f"run {around} ; {name}={secret} x"],
        ["sh", "-c", f"run --{name} {secret} x"],
        [f"https://{name}:{secret}@host.invalid/"],
    ):
        assert secret not in " ".join(redact_words(words))


@QUICK
@given(st.lists(st.text(max_size=20), max_size=5))
def test_redaction_takes_any_text_and_is_done_after_once(words: list[str]) -> None:
    """As many words come out as go in, and a second pass changes nothing."""
    once = redact_words(words)

    assert len(words) == len(once)
    assert once == redact_words(once)
