"""Asks a guest over SSH when it booted, and what a system call costs there if that is wanted."""

from __future__ import annotations

from isoaudit.audit.comparing.measures import MEASURED, Measure, Measures, unknown

CALLS = 400_000
"""Calls that the loop makes: dd reads a byte and writes it, 200,000 times."""

LOOP = ("dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=200000")
_BOOT = "cat /proc/sys/kernel/random/boot_id; cut -d. -f1 /proc/uptime"
_COST = ("a=$(cut -d' ' -f1 /proc/uptime); dd if=/dev/zero of=/dev/null bs=1 count=200000 "
         "2>/dev/null; b=$(cut -d' ' -f1 /proc/uptime); echo $a $b")  # fmt: skip


def asked(uri: str, known: Measures, *, measure: bool, age: float | None, seconds: float = 30.0
          ) -> Measures:  # fmt: skip
    """Return what is known of a VM with what its guest says; `age` is for how long its VMM runs.

    Raises Unreadable for a guest that does not answer.
    """
    from isoaudit.transports.ssh import connect

    questions = {"boot": _BOOT, **({"cost": _COST} if measure else {})}
    connection = connect(uri, seconds)
    try:
        answers = connection.ask(questions)
    finally:
        connection.close()
    boot = answers["boot"]
    if isinstance(boot, str):
        known = _booted(boot.split(), known, age)
    cost = answers.get("cost")
    return known._replace(call=_cost(cost)) if isinstance(cost, str) else known


def _booted(words: list[str], known: Measures, age: float | None) -> Measures:
    if len(words) != 2 or not words[1].isdecimal():
        return known
    known = known._replace(boot_id=words[0][:40])
    if age is None:
        return known
    # NOTE: the guest tells its clock in whole seconds.
    since = max(0.0, age - float(words[1]))
    return known._replace(started=Measure(since, "VMM's age less guest's uptime"))


def _cost(text: str) -> Measure:
    words = text.split()
    try:
        seconds = float(words[1]) - float(words[0])
    except (ValueError, IndexError):
        return unknown("the guest has no dd, or does not tell the time")
    return Measure(seconds / CALLS, "dd in the guest", MEASURED)
