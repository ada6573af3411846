"""Reading the filters of real processes, which go on as before."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from isoaudit.model import Reason
from isoaudit.transports import ptrace
from isoaudit.transports.base import Unreadable
from isoaudit.transports.ptrace import Filters, PtraceFilters
from isoaudit.transports.tape import Tape, record, replay

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0, reason="reading filters takes root"
)

_FILTERED = """
    import ctypes, signal, sys, time
    # SECCOMP_RET_ALLOW and SECCOMP_RET_LOG: two filters that refuse nothing, told apart.
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)
    for value in {values}:
        code = (ctypes.c_uint64 * 1)(0x06 | value << 32)
        class Program(ctypes.Structure):
            _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))
        program = Program(1, ctypes.addressof(code))
        assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
    got = []
    signal.signal(signal.SIGUSR1, lambda *_: got.append(1))
    print("ready", flush=True)
    for line in sys.stdin:
        print(len(got), flush=True)
"""
ALLOW, LOG = 0x7FFF0000, 0x7FFC0000


def _hex(value: int) -> str:
    return (0x06 | value << 32).to_bytes(8, "little").hex()


def _start(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _await(pid: int, state: str) -> None:
    end = time.monotonic() + 5
    while _state(pid) != state:
        assert time.monotonic() < end, f"process {pid} is {_state(pid)}, not {state}"
        time.sleep(0.005)


def _tracer(pid: int) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("TracerPid"))


class Child:
    """A process of the test's own with filters; it answers how many SIGUSR1 it got."""

    def __init__(self, *values: int) -> None:
        code = textwrap.dedent(_FILTERED).format(values=list(values))
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert "ready\n" == self.process.stdout.readline()
        self.pid = self.process.pid

    def asked(self) -> int:
        """Return how many signals it got: it works as before."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def read(self) -> list[str]:
        return PtraceFilters().read(self.pid, _start(self.pid))


@pytest.fixture
def children() -> Iterator[list[Child]]:
    made: list[Child] = []
    yield made
    for child in made:
        child.process.kill()
        child.process.communicate()


def _child(children: list[Child], *values: int) -> Child:
    children.append(Child(*values))
    return children[-1]


def test_filters_are_read_newest_first(children: list[Child]) -> None:
    """The filter that was loaded last comes first, as the kernel asks them."""
    assert [_hex(LOG), _hex(ALLOW)] == _child(children, ALLOW, LOG).read()


def test_a_process_without_filters_is_not_stopped(
    children: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to read, and so no reason to touch it."""
    child = _child(children)
    monkeypatch.setattr(ptrace, "_ptrace", lambda *_: pytest.fail("the process was touched"))
    assert [] == child.read()


def test_the_process_goes_on(children: list[Child]) -> None:
    """After many readings it is untraced, unstopped, unsignalled, and answers."""
    child = _child(children, ALLOW)
    for _ in range(50):
        child.read()
    assert ("0", 0) == (_tracer(child.pid), child.asked())
    assert _state(child.pid) in {"S", "R"}


def test_it_stops_for_less_than_a_millisecond(children: list[Child]) -> None:
    """From the interruption to the release, measured at the median of many readings."""
    child = _child(children, ALLOW)
    times = []
    for _ in range(101):
        reading = ptrace._Reading(child.pid, _start(child.pid))
        reading.run()
        reading.result()
        times.append(reading.stopped_for)
    assert sorted(times)[50] < 0.001


def test_a_stopped_process_stays_stopped(children: list[Child]) -> None:
    """One under SIGSTOP is read, and does not run on by that."""
    child = _child(children, ALLOW)
    os.kill(child.pid, signal.SIGSTOP)
    _await(child.pid, "T")
    assert [_hex(ALLOW)] == child.read()
    _await(child.pid, "T")
    os.kill(child.pid, signal.SIGCONT)
    assert 0 == child.asked()


def test_no_signal_is_lost(children: list[Child]) -> None:
    """Signals that arrive while it is read are all passed on."""
    child = _child(children, ALLOW)
    before = child.asked()
    sent = 0
    done = threading.Event()

    def reading() -> None:
        while not done.is_set():
            child.read()

    reader = threading.Thread(target=reading)
    reader.start()
    try:
        for _ in range(40):
            os.kill(child.pid, signal.SIGUSR1)
            sent += 1
            # A pending signal swallows an equal one: the next is sent when this one was taken.
            while child.asked() < before + sent:
                pass
    finally:
        done.set()
        reader.join()
    assert before + sent == child.asked()


def test_an_ended_process_has_vanished(children: list[Child]) -> None:
    """A process that is gone is neither waited for nor an error of ours."""
    child = _child(children, ALLOW)
    start = _start(child.pid)
    child.process.kill()
    child.process.wait()
    with pytest.raises(Unreadable) as caught:
        PtraceFilters().read(child.pid, start)
    assert Reason.VANISHED is caught.value.reason


def test_another_process_with_the_same_pid_is_not_believed(children: list[Child]) -> None:
    """The start time tells that the pid was given out again."""
    child = _child(children, ALLOW)
    with pytest.raises(Unreadable) as caught:
        PtraceFilters().read(child.pid, "1")
    assert (Reason.VANISHED, "0") == (caught.value.reason, _tracer(child.pid))


def test_a_traced_process_is_left_alone(children: list[Child]) -> None:
    """A debugger's process is not disturbed, and the report says who traces it."""
    child = _child(children, ALLOW)
    holding = subprocess.Popen(
        [sys.executable, "-c",
         "import ctypes, sys\n"
         f"ctypes.CDLL(None).ptrace(ctypes.c_long(0x4206), {child.pid}, None, None)\n"
         "print('holds', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holding.stdout is not None
        assert "holds\n" == holding.stdout.readline()
        with pytest.raises(Unreadable, match=f"traced by process {holding.pid}"):
            child.read()
    finally:
        holding.communicate("")
    assert [_hex(ALLOW)] == child.read()


def test_what_does_not_stop_is_let_go(
    children: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that never stops costs its patience, and is not traced afterwards."""
    child = _child(children, ALLOW)
    monkeypatch.setattr(ptrace, "_wait", lambda pid: (0, 0))
    begin = time.monotonic()
    with pytest.raises(Unreadable) as caught:
        child.read()
    assert Reason.TIMEOUT is caught.value.reason
    assert time.monotonic() - begin < 2
    monkeypatch.undo()
    end = time.monotonic() + 5
    while _tracer(child.pid) != "0":
        assert time.monotonic() < end
    assert (0, [_hex(ALLOW)]) == (child.asked(), child.read())


def test_a_fault_in_between_lets_it_go(
    children: list[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong while it is stopped, it runs on."""
    child = _child(children, ALLOW)

    def broken(pid: int) -> list[bytes]:
        raise KeyboardInterrupt

    monkeypatch.setattr(ptrace, "_copied", broken)
    with pytest.raises(KeyboardInterrupt):
        child.read()
    assert ("0", 0) == (_tracer(child.pid), child.asked())


def test_a_killed_reader_leaves_a_running_process(children: list[Child]) -> None:
    """The kernel lets go what a dead tracer held, and does not kill it (no PTRACE_O_EXITKILL)."""
    child = _child(children, ALLOW)
    code = (
        "import os, signal\n"
        "from isoaudit.transports import ptrace\n"
        "ptrace._copied = lambda pid: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"ptrace.PtraceFilters().read({child.pid}, {_start(child.pid)!r})\n"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=root)
    assert -signal.SIGKILL == done.returncode
    assert ("0", 0) == (_tracer(child.pid), child.asked())


def test_strict_mode_has_no_filters_to_read() -> None:
    """A process in strict mode is not touched: its mode says all."""
    strict = (
        "import ctypes, os\nlibc = ctypes.CDLL(None)\nprint('ready', flush=True)\n"
        "libc.prctl(22, 1)\nos.read(0, 1)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", strict], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        end = time.monotonic() + 5
        while "Seccomp:\t1" not in Path(f"/proc/{process.pid}/status").read_text():
            assert time.monotonic() < end
        with pytest.raises(Unreadable, match="strict mode"):
            PtraceFilters().read(process.pid, _start(process.pid))
    finally:
        process.kill()
        process.communicate()


def test_it_does_not_read_itself() -> None:
    """A process cannot trace itself, and says so."""
    with pytest.raises(Unreadable, match="its own filters"):
        PtraceFilters().read(os.getpid(), _start(os.getpid()))


def test_a_reading_can_be_recorded(children: list[Child]) -> None:
    """What was read is JSON, and comes back from a tape."""
    child = _child(children, ALLOW)
    tape: Tape = {}
    start = _start(child.pid)
    read = record(PtraceFilters(), tape).read(child.pid, start)
    again = replay(json.loads(json.dumps(tape)), Filters)
    assert read == again.read(child.pid, start)


@pytest.mark.parametrize(
    ("number", "reason", "words"),
    [
        (13, Reason.PERMISSION_DENIED, "CAP_SYS_ADMIN"),
        (22, Reason.NOT_SUPPORTED, "CONFIG_CHECKPOINT_RESTORE"),
        (124, Reason.NOT_SUPPORTED, "extended BPF"),
        (3, Reason.VANISHED, "has ended"),
        (5, Reason.NOT_SUPPORTED, "can not be read"),
    ],
)
def test_each_refusal_has_its_reason(
    children: list[Child], monkeypatch: pytest.MonkeyPatch, number: int, reason: Reason, words: str
) -> None:
    """The errno of the kernel becomes a reason that a person can act on."""
    child = _child(children, ALLOW)
    real = ptrace._libc()

    class Refusing:
        def ptrace(self, request: int, *args: object) -> int:
            if request != ptrace._GET_FILTER:
                answer: int = real.ptrace(request, *args)
                return answer
            ctypes.set_errno(number)
            return -1

    monkeypatch.setattr(ptrace, "_LIBC", [Refusing()])
    with pytest.raises(Unreadable, match=words) as caught:
        child.read()
    assert (reason, "0") == (caught.value.reason, _tracer(child.pid))


def test_without_rights_it_is_a_lack_of_rights(children: list[Child]) -> None:
    """An ordinary user is refused, and nothing is guessed."""
    child = _child(children, ALLOW)
    code = (
        "import os\n"
        "from isoaudit.transports.ptrace import PtraceFilters\n"
        "from isoaudit.transports.base import Unreadable\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try:\n"
        f"    PtraceFilters().read({child.pid}, {_start(child.pid)!r})\n"
        "except Unreadable as error:\n"
        "    print(error.reason.value)\n"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=root, capture_output=True, text=True
    )
    assert ("permission_denied\n", "") == (done.stdout, done.stderr)
