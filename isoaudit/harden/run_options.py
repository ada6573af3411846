"""The options of `docker run` and `podman run` that say what a key of a compose service says.

Sources: docker-run(1), podman-run(1), the Compose specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from isoaudit.rules.fixes import ADD, SET, Edit

FLAGS: Mapping[str, str] = {
    "cap_add": "--cap-add",
    "cap_drop": "--cap-drop",
    "cgroup": "--cgroupns",
    "cpus": "--cpus",
    "ipc": "--ipc",
    "logging.driver": "--log-driver",
    "mem_limit": "--memory",
    "network_mode": "--network",
    "pid": "--pid",
    "pids_limit": "--pids-limit",
    "privileged": "--privileged",
    "read_only": "--read-only",
    "security_opt": "--security-opt",
    "user": "--user",
    "uts": "--uts",
}
"""The long option of each key that a check's fix may name."""


class Option(NamedTuple):
    """One option of a command line; `value` is "" for a switch."""

    flag: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.flag} {self.value}" if self.value else self.flag


def option_of(edit: Edit) -> Option | None:
    """Return the option that an edit puts in, or takes out; None if no option says it.

    The value of what is taken out is a pattern, or "" for any.
    """
    flag = FLAGS.get(edit.path)
    if flag is None:
        return None
    if edit.operation in {ADD, SET} and edit.value is True:
        return Option(flag)
    return Option(flag, "" if edit.value is None else str(edit.value))
