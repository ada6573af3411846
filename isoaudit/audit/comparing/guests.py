"""Asks a guest over SSH which boot it is in and when it was ready; nothing is started there."""

from __future__ import annotations

from collections.abc import Callable

from isoaudit.audit.comparing.measures import Measure, Measures, unknown

_TICKS = 100.0
"""Ticks a second in which processes' start times are told: USER_HZ, on x86 and Arm (times(2))."""

_LONGEST = 300.0
"""Seconds beyond which a guest was rebooted or stopped since its VMM was started."""

_BOOT = "cat /proc/sys/kernel/random/boot_id /proc/uptime"
_FINISHED = ("systemctl show --property=FinishTimestampMonotonic 2>/dev/null "
             "|| echo FinishTimestampMonotonic=0")  # fmt: skip
_ANCESTORS = (
    "p=$PPID; while [ \"$p\" -gt 1 ]; do set -- $(sed 's/^.*) //' /proc/$p/stat); "
    'echo "$p" "${20}"; p=$2; done'
)
"""The processes that this login came by, from its own to the server that listens, and their start
times (proc_pid_stat(5): fields 4 and 22)."""


def asked(
    uri: str, known: Measures, age: Callable[[], float] | None, seconds: float = 30.0
) -> Measures:
    """Return what is known of a VM with what its guest says; `age` is for how long its VMM runs.

    Raises Unreadable for a guest that does not answer.
    """
    from isoaudit.transports.ssh import connect

    connection = connect(uri, seconds)
    try:
        before = age() if age else None
        answers = connection.ask({"boot": _BOOT, "finished": _FINISHED, "server": _ANCESTORS})
        after = age() if age else None
    finally:
        connection.close()
    texts = {name: text for name, text in answers.items() if isinstance(text, str)}
    words = texts.get("boot", "").split()
    if len(words) != 3:
        return known
    known = known._replace(boot_id=words[0][:36])
    if before is None or after is None:
        return known
    # The guest told its time between the two: half of what lies between them is the error.
    return known._replace(started=started_of((before + after) / 2, words[1], texts))


def started_of(age: float, uptime: str, texts: dict[str, str]) -> Measure:
    """Return how long it took from the start of the VMM to when the guest was ready.

    `age` is for how long the VMM ran when the guest told its `uptime`, `texts` the other answers.
    """
    try:
        before_kernel = age - float(uptime)
    except ValueError:
        return unknown("the guest does not tell for how long it is up")
    ready, by = _ready(texts)
    if ready is None:
        return unknown("the guest does not tell when it was ready")
    whole = before_kernel + ready
    if not 0 <= before_kernel < _LONGEST or not 0 < ready < _LONGEST:
        return unknown("the guest was rebooted or stopped since its VMM was started")
    return Measure(whole, by)


def _ready(texts: dict[str, str]) -> tuple[float | None, str]:
    """Return how long after its kernel's start the guest was ready, and by whose word."""
    finished = texts.get("finished", "").strip().rpartition("=")[2]
    if finished.isdecimal() and int(finished):
        return int(finished) / 1e6, "VMM, systemd"
    lines = [line.split() for line in texts.get("server", "").splitlines()]
    starts = [int(words[1]) for words in lines if len(words) == 2 and words[1].isdecimal()]
    if len(starts) < 2:
        return None, ""  # a server that was started for this login tells nothing
    return starts[-1] / _TICKS, "VMM, sshd"
