"""Which keys let into accounts of a host, told by their fingerprints."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_trees import Locked, collect, reason, tree, value

from isoaudit.model import Reason

_FACT = "host.ssh.authorized_fingerprints"
_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIE6bGtDyGGdWxPmtMyxlpVHhr1eTm7ypVmWlVdjbtBdT"
_SHOWN = "SHA256:qrASW6Z2Vk0e9d/n3Z4qo/s/d17sIoy+6ZY9psJGKnE"  # as ssh-keygen -lf has it
_FILES: dict[str, str | None] = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nweb:x:1:1::/home/web:/bin/sh\n"
    "www:x:2:2::/var/www:/usr/sbin/nologin\n",
    "/home/web/.ssh/authorized_keys": f"# ssh-ed25519 {_KEY}x\n"
    f'from="10.0.0.1",command="x" ssh-ed25519 {_KEY} planted@comment\n',
    "/var/www/.ssh/authorized_keys": "ssh-ed25519 AAAA",
}


def test_keys_of_accounts_that_log_in_are_known_by_fingerprint(tmp_path: Path) -> None:
    """Options and comments are dropped, and accounts without a shell let nobody in."""
    facts = collect(tree(tmp_path, _FILES))

    assert (_SHOWN,) == value(facts, _FACT)
    assert "planted" not in str(facts.to_json())


def test_without_any_key_nobody_gets_in_by_one(tmp_path: Path) -> None:
    """Homes that were looked into and hold none are an answer."""
    assert () == value(collect(tree(tmp_path)), _FACT)


def test_a_home_that_is_closed_leaves_the_keys_unknown(tmp_path: Path) -> None:
    """Without root nobody sees whom other accounts let in."""
    files = Locked(tree(tmp_path, _FILES), "/root/.ssh")

    assert Reason.PERMISSION_DENIED is reason(collect(files), _FACT)


@pytest.mark.parametrize(
    "line",
    [
        "AuthorizedKeysFile\t/etc/keys/%u",
        "authorizedkeysfile=/etc/keys/%u",
        "AuthorizedKeysCommand /usr/bin/sss_ssh",
        "Include /srv/sshd.conf",
    ],
)
def test_keys_that_come_from_elsewhere_leave_them_unknown(tmp_path: Path, line: str) -> None:
    """The files in the homes are then not all of them."""
    files = tree(tmp_path, {**_FILES, "/etc/ssh/sshd_config.d/a.conf": f"{line}\n"})

    assert Reason.NOT_SUPPORTED is reason(collect(files), _FACT)


def test_the_usual_place_said_aloud_changes_nothing(tmp_path: Path) -> None:
    """Fedora's sshd_config names it."""
    include = "Include /etc/ssh/sshd_config.d/*.conf\n"
    config = f"{include}AuthorizedKeysFile .ssh/authorized_keys\nAuthorizedKeysCommand none\n"

    assert (_SHOWN,) == value(
        collect(tree(tmp_path, {**_FILES, "/etc/ssh/sshd_config": config})), _FACT
    )
