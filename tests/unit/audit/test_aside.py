"""The process beside this one: everything answered in order, and its death told."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from isoaudit.audit.aside import Aside

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def _lost(item: object) -> object:
    return ("lost", item)


def test_every_item_is_answered_in_order() -> None:
    """What went in first comes out first, however many there are."""
    aside: Aside[int, int] = Aside(lambda number: number * 2)

    assert [2 * n for n in range(500)] == list(aside.results(range(500), lambda n: -n))


def test_large_items_do_not_stand_in_each_others_way() -> None:
    """Both sides write more than a pipe holds and neither waits for ever."""
    aside: Aside[bytes, bytes] = Aside(lambda data: data)
    items = [bytes([n]) * 1_000_000 for n in range(20)]

    assert items == list(aside.results(items, lambda data: data))


def test_the_work_is_done_in_another_process() -> None:
    """That is the point of it."""
    aside: Aside[int, int] = Aside(lambda _: os.getpid())

    (pid,) = aside.results([1], lambda n: n)

    assert os.getpid() != pid


def test_items_of_a_process_that_died_are_told_lost() -> None:
    """None is silently dropped, and nobody waits."""

    def work(number: int) -> object:
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    aside: Aside[int, object] = Aside(work)

    assert [0, 1, 2, ("lost", 3), ("lost", 4)] == list(aside.results(range(5), _lost))


def test_a_process_that_is_not_asked_anything_ends() -> None:
    """Nothing to judge is no reason to stay."""
    aside: Aside[int, int] = Aside(lambda number: number)

    assert [] == list(aside.results([], lambda n: n))


def test_a_reader_that_stops_early_leaves_no_process_behind() -> None:
    """Closing the results ends the process."""
    aside: Aside[int, int] = Aside(lambda _: os.getpid())
    results: Iterator[int] = aside.results(range(10), lambda n: n)
    pid = next(results)

    results.close()  # type: ignore[attr-defined]

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


class Unreadable:
    """Can be sent, and cannot be made again at the other end."""

    def __reduce__(self) -> tuple[object, ...]:
        return (int, ("no number",))


def test_an_answer_that_cannot_be_read_is_told_lost() -> None:
    """Whatever goes wrong on the way back, nobody waits for ever."""
    aside: Aside[int, object] = Aside(lambda n: Unreadable() if n == 0 else bytes(5_000_000))

    assert [("lost", n) for n in range(9)] == list(aside.results(range(9), _lost))


def test_what_items_share_is_one_object_on_the_other_side() -> None:
    """Who remembers by the object finds it again, also when older ones were forgotten."""
    shared = ("of many targets",)
    seen: list[object] = []

    def work(item: tuple[int, object]) -> bool:
        seen.append(item[1])
        return len(seen) > 1 and seen[-1] is seen[-2]

    aside: Aside[tuple[int, object], bool] = Aside(work)
    answers = list(aside.results([(n, shared) for n in range(600)], lambda _: False))

    assert (600, True) == (len(answers), sum(answers) > 590)
