"""What a guest's SSH server lets in and through: sshd -T, its files, and dropbear's options."""

from __future__ import annotations

import pytest
from guest_answers import lack, page, read, value

from isoaudit.model import FactSet, Reason

_MAIN = "/etc/ssh/sshd_config"
_DROP_IN = "/etc/ssh/sshd_config.d/50-x.conf"
_SSHD = "@ok /proc/1/comm\n@ok names\n|systemd\n|sshd\n|\n@run sshd\n|/usr/sbin/sshd -D\n"


def _openssh(main: str, *more: str, runs: str = _SSHD) -> FactSet:
    return read(sshd=page(_MAIN, main) + "".join(more), processes=runs)


def _dropbear(*arguments: str) -> FactSet:
    run = "".join(f"|{one}\n" for one in ["dropbear", *arguments])
    return read(processes=f"@ok /proc/1/comm\n@ok names\n|dropbear\n|\n@run dropbear\n{run}")


def test_what_is_not_set_is_openssh_default() -> None:
    """Keys for root, passwords for the others, forwarding on."""
    found = _openssh("Port 22\n")

    assert "prohibit-password" == value(found, "guest.sshd.root_login")
    assert value(found, "guest.sshd.password_login") is True
    assert value(found, "guest.sshd.tcp_forwarding") is True
    assert value(found, "guest.sshd.x11_forwarding") is False


def test_the_first_value_counts_and_an_include_stands_where_it_is() -> None:
    """A drop-in included at the top wins over the file below it."""
    found = _openssh(
        "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\nPasswordAuthentication yes\n",
        page(_DROP_IN, "PasswordAuthentication no\nKbdInteractiveAuthentication=no"),
    )

    assert value(found, "guest.sshd.password_login") is False
    assert value(found, "guest.sshd.keyboard_interactive") is False
    assert "yes" == value(found, "guest.sshd.root_login")
    assert f"{_DROP_IN}:1" in found.facts["guest.sshd.password_login"][0].source


def test_a_match_block_that_loosens_leaves_the_setting_unknown() -> None:
    """For whom it holds is not worked out; one that tightens changes nothing for the others."""
    found = _openssh(
        "PermitRootLogin no\nPasswordAuthentication no\nX11Forwarding yes\n"
        "Match Address 10.0.0.0/8\n  PermitRootLogin yes\n  X11Forwarding no\n"
    )

    assert Reason.NOT_SUPPORTED is lack(found, "guest.sshd.root_login").reason
    assert value(found, "guest.sshd.password_login") is False
    assert value(found, "guest.sshd.x11_forwarding") is True


def test_an_include_that_was_not_asked_for_leaves_everything_unknown() -> None:
    """It may come first, and set anything."""
    found = _openssh("Include /srv/own.conf\nPermitRootLogin no\n")

    assert Reason.NOT_SUPPORTED is lack(found, "guest.sshd.root_login").reason


def test_a_file_that_is_closed_leaves_everything_to_root() -> None:
    """Fedora's drop-ins are root's alone."""
    found = _openssh("Include /etc/ssh/sshd_config.d/*.conf\n", f"@closed {_DROP_IN}\n")

    missing = lack(found, "guest.sshd.root_login")
    assert (Reason.PERMISSION_DENIED, "Connect as root or with sudo.") == missing[1:4:2]


def test_what_sshd_says_of_itself_outweighs_its_files() -> None:
    """sshd -T has every default resolved, algorithms too."""
    told = (
        "permitrootlogin without-password\npasswordauthentication no\nciphers a,b\nmacs hmac-sha1\n"
    )
    told += "kexalgorithms k\nhostkeyalgorithms h\npubkeyacceptedalgorithms p\n"
    found = _openssh(
        "PasswordAuthentication yes\n", "@program /usr/sbin/sshd\n", page("sshd-T", told)
    )

    assert "prohibit-password" == value(found, "guest.sshd.root_login")
    assert value(found, "guest.sshd.password_login") is False
    assert ("a", "b", "h", "hmac-sha1", "k", "p") == value(found, "guest.sshd.algorithms")


def test_algorithms_that_hang_on_the_version_are_unknown() -> None:
    """Neither a default nor a change to one tells the list."""
    assert Reason.NOT_DECLARED is lack(_openssh("Port 22\n"), "guest.sshd.algorithms").reason
    found = _openssh("Ciphers -*-cbc\n")
    assert Reason.NOT_DECLARED is lack(found, "guest.sshd.algorithms").reason


def test_disabling_forwarding_closes_every_kind() -> None:
    """DisableForwarding overrides the single ones."""
    found = _openssh("DisableForwarding yes\nAllowTcpForwarding yes\n")

    for name in ("agent_forwarding", "tcp_forwarding", "x11_forwarding", "tunnels"):
        assert value(found, f"guest.sshd.{name}") is False


def test_a_server_with_options_of_its_own_is_not_concluded_on() -> None:
    """-o comes before every file."""
    runs = _SSHD.replace("sshd -D", "sshd -D -o PermitRootLogin=yes")
    found = _openssh("PermitRootLogin no\n", runs=runs)

    assert Reason.NOT_SUPPORTED is lack(found, "guest.sshd.root_login").reason


@pytest.mark.parametrize(
    ("arguments", "root", "password"),
    [
        ((), "yes", True),
        (("-E", "-s", "-r", "/etc/w"), "prohibit-password", False),
        (("-g",), "prohibit-password", True),
        (("-Fws",), "no", False),
        (("-p", "-w", "-s"), "prohibit-password", False),
        (("-cw",), "yes", True),
    ],
)
def test_dropbear_is_told_by_its_options(
    arguments: tuple[str, ...], root: str, password: bool
) -> None:
    """Letters may stand together, and a value is no letter."""
    found = _dropbear(*arguments)

    assert "dropbear" == value(found, "guest.ssh.server")
    assert root == value(found, "guest.sshd.root_login")
    assert password is value(found, "guest.sshd.password_login")
    assert "guest.sshd.agent_forwarding" in found.missing


def test_of_two_dropbears_the_looser_counts() -> None:
    """What one of them lets in is let in."""
    one, other = "@run dropbear\n|dropbear\n|-s\n|-w\n", "@run dropbear\n|dropbear\n|-s\n"
    found = read(processes=f"@ok /proc/1/comm\n@ok names\n|dropbear\n|\n{one}{other}")

    assert "prohibit-password" == value(found, "guest.sshd.root_login")


def test_a_server_that_may_be_hidden_is_unknown() -> None:
    """No process seen is none only where all are shown."""
    found = read(processes="@hidden /proc/1/comm\n@ok names\n|sh\n|")

    assert Reason.PERMISSION_DENIED is lack(found, "guest.ssh.server").reason


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("AuthorizedKeysFile .ssh/authorized_keys", True),
        ("Include /etc/ssh/sshd_config.d/*.conf", True),
        ("AuthorizedKeysFile=/etc/keys/%u", False),
        ("AuthorizedKeysCommand\t/usr/bin/sss_ssh_authorizedkeys", False),
        ("Include /srv/own.conf", False),
    ],
)
def test_keys_that_sshd_takes_from_elsewhere_leave_the_part_unfinished(
    line: str, whole: bool
) -> None:
    """Only the homes' own files are looked at."""
    part = _openssh(f"{line}\n").parts["guest_authorized_keys"][0]

    assert whole is (part.incomplete is None)


def test_an_option_and_its_value_may_be_one_word() -> None:
    """As getopt takes them."""
    for word in ("-oPermitRootLogin=yes", "-f/etc/other"):
        found = _openssh("PermitRootLogin no\n", runs=_SSHD.replace("-D", word))
        assert Reason.NOT_SUPPORTED is lack(found, "guest.sshd.root_login").reason


def test_processes_that_were_not_looked_at_may_be_servers_too() -> None:
    """One of them may be the one that listens, with options of its own."""
    found = _openssh("PermitRootLogin no\n", runs=f"{_SSHD}@more\n")

    assert Reason.LIMIT is lack(found, "guest.sshd.root_login").reason


def test_a_match_block_that_lets_forwarding_in_again_leaves_it_unknown() -> None:
    """For its users every kind is on that the single settings do not forbid."""
    found = _openssh("DisableForwarding yes\nMatch User web\n  DisableForwarding no\n")

    assert Reason.NOT_SUPPORTED is lack(found, "guest.sshd.tcp_forwarding").reason


def test_match_blocks_that_were_not_read_leave_no_setting_tight() -> None:
    """sshd -T tells nothing of them: they may stand in a file that was not asked for."""
    told = page("sshd-T", "permitrootlogin no\npasswordauthentication yes")
    found = _openssh("Include /etc/ssh/extra.conf\n", told)

    assert Reason.NOT_SUPPORTED is lack(found, "guest.sshd.root_login").reason
    assert value(found, "guest.sshd.password_login") is True
