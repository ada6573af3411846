"""Answers that are made to keep a reader busy: each of the largest size, read in little time."""

from __future__ import annotations

import os
import signal

import pytest
from guest_answers import lack, read, recorded

from isoaudit.model import Reason
from isoaudit.probes.guest import read_guest
from isoaudit.transports.guest_frame import MOST_ANSWER

_MORE = "|Include /etc/ssh/sshd_config.d/*.conf\n" * 20
_SSHD = "@ok /etc/ssh/sshd_config"
_HOOK = "@ok nft\n|table ip filter {\n|\tchain input {\n"
_END = "\n\n@end\n"


def _much(line: str, before: str = "") -> str:
    return before + line * ((MOST_ANSWER - len(before) - len(_END)) // len(line)) + _END


FLOODS = {
    "tables that are never closed": {"firewall": _much("|table ip x {\n", "@ok nft\n")},
    "chains that are never closed": {"firewall": _much("|\tchain x {\n", _HOOK)},
    "hooks without end": {
        "firewall": _much("|\t\ttype filter hook input priority \n", _HOOK).replace(
            _END, f"\n|\t}}\n|}}{_END}"
        )
    },
    "a path of colons": {"kernel": _much(":", "/")},
    "files that include each other": {
        "processes": f"@ok /proc/1/comm\n@ok names\n|sshd\n{_END}",
        "sshd": f"{_SSHD}\n{_MORE}{_SSHD}.d/a.conf\n{_MORE}{_END}",
    },
}


@pytest.mark.parametrize("name", FLOODS)
def test_no_answer_takes_long_to_read(name: str) -> None:
    """In another process, for a regular expression is not to be interrupted."""
    reader = os.fork()
    if reader == 0:
        signal.alarm(5)
        read_guest(FLOODS[name])
        os._exit(0)

    assert 0 == os.waitpid(reader, 0)[1]


def test_a_number_that_no_kernel_has_is_none() -> None:
    """Whoever reads a report would not get it whole; it is unread, and passes nothing."""
    kernel = recorded("busybox-root")["kernel"]
    path = "/proc/sys/kernel/kptr_restrict"
    large = f"{path}:{'9' * 900}"
    lines = [large if one.startswith(f"{path}:") else one for one in kernel.split("\n")]
    identity = recorded("busybox-root")["identity"].replace("present:", f"present:0-{'9' * 900},")
    kernel = "\n".join(lines).replace("\n@end\n", "")
    facts = read(kernel=kernel, identity=identity.replace("@end", ""))

    assert Reason.PARSE_ERROR is lack(facts, "guest.sysctl.kptr_restrict").reason
    assert Reason.PARSE_ERROR is lack(facts, "guest.cpus").reason
