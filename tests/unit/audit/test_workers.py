"""Threads under deadlines: what hangs is left behind."""

from __future__ import annotations

import threading
import time

import pytest

from isoaudit.audit.workers import Task, side_by_side


def test_a_task_gives_its_result() -> None:
    """Also if asked twice."""
    task = Task(lambda: 7)

    assert [7, 7] == [task.result(5), task.result(5)]


def test_a_task_raises_what_its_work_raised() -> None:
    """In the thread that asks."""
    with pytest.raises(ZeroDivisionError):
        Task(lambda: 1 // 0).result(5)


def test_a_task_that_hangs_is_left_behind() -> None:
    """It says how long was waited, and is a daemon, so that the process can end."""
    done = threading.Event()
    task = Task(lambda: done.wait(10))
    with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
        task.result(0.05)

    assert all(t.daemon for t in threading.enumerate() if t is not threading.main_thread())
    done.set()


def test_the_deadline_counts_from_the_start() -> None:
    """Time in which somebody else was waited for counts too; what is done by then is taken."""
    quick, slow = Task(lambda: 1), Task(lambda: time.sleep(0.3))
    time.sleep(0.15)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        slow.result(0.1)

    assert 1 == quick.result(0.1)
    assert time.monotonic() - begun < 0.1


@pytest.mark.parametrize("jobs", [1, 3, 100])
def test_side_by_side_keeps_the_order_and_the_bound(jobs: int) -> None:
    """Whatever finishes first; never more than `jobs` at a time."""
    running, most, lock = 0, 0, threading.Lock()

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01 if number % 2 else 0.001)
        with lock:
            running -= 1
        return number * 2

    results = [(item, task.result(5)) for item, task in side_by_side(work, range(10), jobs=jobs)]

    assert [(number, number * 2) for number in range(10)] == results
    assert most <= jobs


def test_side_by_side_of_nothing_is_nothing() -> None:
    """Also with no jobs to give."""
    assert [] == list(side_by_side(str, [], jobs=0))


def test_few_threads_do_many_pieces() -> None:
    """A thread that is done takes the next piece."""
    threads = set()

    def work(_item: int) -> None:
        threads.add(threading.get_ident())

    for _, task in side_by_side(work, range(200), jobs=1):
        task.result(10)

    assert len(threads) < 20


def test_a_stuck_thread_gets_no_further_work() -> None:
    """What hangs keeps its thread; everything behind it is done by others."""
    hold = threading.Event()
    done = []

    def work(item: int) -> int:
        if item == 0:
            hold.wait(30)
        return item

    for item, task in side_by_side(work, range(20), jobs=1):
        try:
            done.append(task.result(0.05 if item == 0 else 10))
        except TimeoutError:
            done.append(-1)
    hold.set()

    assert [-1, *range(1, 20)] == done


def test_no_thread_is_left_when_all_is_done() -> None:
    """The threads end with the work, so that a later run may fork."""
    before = threading.active_count()

    for _, task in side_by_side(str, range(8), jobs=4):
        task.result(10)

    end = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= before
