"""A worker runs one function after the other in one thread, which ends with it."""

from __future__ import annotations

import threading

import pytest

from smppgate.store.worker import Worker
from tests.store.fakes import ThreadedClock, result_of


def test_it_runs_in_the_order_of_the_calls_in_one_other_thread() -> None:
    clock = ThreadedClock()
    worker = Worker(clock, "test")
    ran: list[tuple[int, int]] = []
    results = [
        worker.run(lambda number: ran.append((number, threading.get_ident())), number)
        for number in range(100)
    ]
    for result in results:
        clock.wait(result)
    assert [number for number, _ in ran] == list(range(100))
    assert len({thread for _, thread in ran} - {threading.get_ident()}) == 1
    clock.wait(worker.stop())


def test_results_and_errors_come_back() -> None:
    clock = ThreadedClock()
    worker = Worker(clock, "test")
    assert clock.wait(worker.run(divmod, 7, 2)) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        clock.wait(worker.run(divmod, 7, 0))
    assert clock.wait(worker.run(divmod, 9, 2)) == (4, 1)
    clock.wait(worker.stop())


def test_it_stops_when_all_has_run_and_its_thread_is_gone() -> None:
    before = threading.active_count()
    clock = ThreadedClock()
    worker = Worker(clock, "test")
    results = [worker.run(abs, -number) for number in range(10)]
    clock.wait(worker.stop())
    assert [result_of(result) for result in results] == list(range(10))
    assert threading.active_count() == before


def test_one_that_never_ran_anything_has_no_thread() -> None:
    before = threading.active_count()
    worker = Worker(ThreadedClock(), "test")
    assert threading.active_count() == before
    assert result_of(worker.stop()) is None
