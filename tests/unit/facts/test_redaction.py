"""Redaction: what is taken for a secret, and that of a secret nothing stays."""

from __future__ import annotations

import time

import pytest

from isoaudit.facts.redaction import (
    PLAIN,
    SECRET,
    looks_secret,
    redact_assignment,
    redact_environment,
    redact_text,
    redact_words,
)

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nq8Zc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "name",
    ["PASSWORD", "DB_PASSWORD", "PGPASSWORD", "MYSQL_ROOT_PASSWORD", "userPassword", "DB_PASS",
     "db.pwd", "API_KEY", "apiKey", "X-API-KEY", "AWS_SECRET_ACCESS_KEY", "SECRET_KEY_BASE",
     "secretKey", "clientSecret", "GITHUB_TOKEN", "authToken", "TOKENS", "SSH_KEY", "JWT_KEY",
     "ENCRYPTION_KEY", "SENTRY_DSN", "passphrase", "CREDENTIALS", "COOKIE", "PASSWORD_1",
     "DBPASS", "requirepass"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    """Whatever their value is."""
    assert looks_secret(name, "hunter2")


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "PASSWORD_FILE", "TOKEN_TTL", "SECRET_NAME", "API_KEY_ID", "AUTHOR", "MONKEY",
     "COMPASS", "KEYBOARD", "PASSENGERS", "TOKENIZER", "NODE_ENV", "AUTH_TYPE", "AUTH_MODE",
     "PASSWORD_MIN_LENGTH", "SECRET_STORE", "NO_PROXY_BYPASS"],
)  # fmt: skip
def test_names_of_no_secrets(name: str) -> None:
    """Nor is what merely points to one."""
    assert not looks_secret(name, "hunter2")


@pytest.mark.parametrize("value", ["true", "False", "off", "none"])
def test_switches_are_no_secrets(value: str) -> None:
    """A variable that turns passwords on or off holds none."""
    assert not looks_secret("AUTH_ENABLED", value)
    assert not looks_secret("DISABLE_PASSWORD", value)


@pytest.mark.parametrize(
    "value",
    ["ghp_" + "a1B2" * 9, "github_pat_" + "a1B2" * 9, "glpat-" + "a1B2" * 6, "AKIA" + "A1B2" * 4,
     "xoxb-1234567890-abc", "sk-" + "a1B2" * 8, "sk_live_" + "a1B2" * 6, "npm_" + "a1B2" * 9,
     "AIza" + "a1B2c" * 7, JWT, KEY, KEY[:60], "postgres://user:hunter2@db/x",
     "redis://:hunter2@cache:6379/0", "amqp://u:p@ss@mq",
     "postgres://u:hun/hunter2@db/x", "https://u:/hunter2@h", "Authorization: Bearer abcdefgh12345",
     "prefix_ghp_" + "a1B2" * 9],
    ids=lambda value: value[:14],
)  # fmt: skip
def test_values_that_give_themselves_away(value: str) -> None:
    """Whatever they are called; and nothing of their body survives."""
    assert looks_secret("ANYTHING", value)
    shown = redact_text(value)
    assert SECRET in shown
    bodies = ("hunter2", "a1B2", "A1B2", "MIIE", "q8Zc", "dozj", "ss@", "12345")
    assert [] == [body for body in bodies if body in shown]


@pytest.mark.parametrize(
    "value",
    ["", "$PASSWORD", "${PASSWORD}", "${PASSWORD:?must be set}", "${PASSWORD:-}", "${PASSWORD-}",
     "/run/secrets/db"],
)  # fmt: skip
def test_a_reference_is_no_secret(value: str) -> None:
    """Where it will come from is evidence, and may be shown."""
    assert not looks_secret("PASSWORD", value)


@pytest.mark.parametrize("value", ["${PASSWORD:-hunter2}", "${USER}hunter2", "$$hunter2"])
def test_a_default_is_a_secret(value: str) -> None:
    """A variable that brings its own value is that value."""
    assert looks_secret("PASSWORD", value)


@pytest.mark.parametrize(
    "value",
    ["https://example.invalid/a@b", "ssh://git@host/x", "a:b@c", "0123456789abcdef" * 4,
     "http://registry:4873/@scope/name", "docker://registry:5000/app@sha256:0123",
     "docker://alpine:3.19@sha256:0123", "http://a:2379,http://b:2379/x@y"],
)  # fmt: skip
def test_harmless_text_stays(value: str) -> None:
    """Addresses without a password, and digests."""
    assert value == redact_text(value)


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ("DB_PASSWORD=hunter2", f"DB_PASSWORD={SECRET}"),
        ("GREETING=hello", f"GREETING={PLAIN}"),
        ("URL=https://u:hunter2@x", f"URL={SECRET}"),
        ("EMPTY=", f"EMPTY={PLAIN}"),
        ("BARE", "BARE"),
        ("A=b=c\nd", f"A={PLAIN}"),
    ],
)
def test_no_value_of_an_environment_stays(entry: str, shown: str) -> None:
    """Only the name, and whether it looked like a secret."""
    assert shown == redact_assignment(entry)
    assert [shown] == redact_environment([entry])


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "--password=hunter2"],
        ["serve", "--password:hunter2"],
        ["serve", "--password", "hunter2"],
        ["serve", "-token", "hunter2"],
        ["PASSWORD=hunter2", "serve"],
        ["-o", "username=a,password=hunter2,rw"],
        ["--env=DB_PWD=hunter2"],
        ["-e", "DB_PWD=hunter2"],
        ["sh", "-c", "mysql -u root --password hunter2 -h db"],
        ["sh", "-c", "export DB_PWD=hunter2; serve"],
        ["sh", "-c", "curl 'https://u:hunter2@x/y?token=hunter2&z=1'"],
        ["sh", "-c", "x\n--password hunter2"],
        ["curl", "-H", "Authorization: Bearer hunter2hunter2"],
        ["--config", '{"user": "a", "password": "hunter2"}'],
        ["--master-key=hunter2"],
        ["--x", "key=hunter2"],
        ["--password=${PASSWORD:-hunter2}"],
    ],
    ids=" ".join,
)
def test_no_secret_of_a_command_line_stays(words: list[str]) -> None:
    """However it is handed over."""
    shown = redact_words(words)

    assert "hunter2" not in " ".join(shown)
    assert SECRET in " ".join(shown)


@pytest.mark.parametrize(
    "words",
    [
        ["nginx", "-g", "daemon off;"],
        ["--password-file", "/run/secrets/db"],
        ["--password=/run/secrets/db"],
        ["sh", "-c", "exec  serve --port=80\n--verbose"],
        ["qemu-system-x86_64", "-drive", "file=/a.qcow2,format=qcow2,if=virtio"],
        [],
    ],
    ids=" ".join,
)
def test_a_command_line_without_secrets_stays_as_it_is(words: list[str]) -> None:
    """To the blank."""
    assert words == redact_words(words)


def test_an_option_after_a_secret_one_is_not_hidden() -> None:
    """`--token` may be a switch."""
    assert ["--token", "--verbose"] == redact_words(["--token", "--verbose"])


@pytest.mark.parametrize(
    "text",
    ["a=" * 20_000, "a.b-" * 10_000, "-----BEGIN " + "A" * 40_000, "eyJ" + "a" * 40_000,
     "://a:@" * 8_000, "://a:b/" * 8_000, '"a":"' * 8_000, "key" * 12_000 + "=", "Bearer " * 6_000],
    ids=lambda text: text[:10],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    """The time grows with the length of a text and not with its square: strangers write them."""
    begun = time.process_time()
    redact_words([text])
    looks_secret(text, text)

    assert time.process_time() - begun < 2
