"""`SharedStore` and `StoreServer`: several workers, one of which may end at any time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from smppgate.store import Enqueued, Limits, MemoryStore, NewMessage, QueuedMessage, StoreError
from smppgate.workers.shared_store import SharedStore
from tests.fakes import outcomes
from tests.store.fakes import BEGUN, Watcher, clock_at
from tests.workers.pair import real_ends
from tests.workers.shared_boxes import Master, disk_queues

T = TypeVar("T")

ONE = b"one"


class Workers:
    """A master and three workers."""

    def __init__(self) -> None:
        self.clock = clock_at(BEGUN)
        self.directory = Path(tempfile.mkdtemp(prefix="store-"))
        self.queues = disk_queues(self.clock, self.directory)
        self.master = Master(self.clock, self.queues)
        made = [self.master.worker() for _ in range(3)]
        self.stores = [store for store, _ in made]
        self.ends = [ends for _, ends in made]

    def wait(self, deferred: Deferred[T]) -> T:
        return self.master.settled(deferred)

    def turn(self) -> None:
        self.ends[0].turn()

    def put(self, store: SharedStore, *accounts: bytes, limit: int = 100) -> list[Enqueued]:
        new = [NewMessage(account, b"pdu", BEGUN + 1000.0, limit) for account in accounts]
        return self.wait(store.enqueue(new))

    def numbers(self, store: SharedStore, account: bytes = ONE) -> list[int]:
        return [it.number for it in self.wait(store.queued(account, 0, 100))]

    def watchers(self, account: bytes = ONE) -> list[Watcher]:
        """What each worker hears of a queue, from now on."""
        watchers = [Watcher() for _ in self.stores]
        for store, watcher in zip(self.stores, watchers, strict=True):
            store.watch(account, watcher)
        self.turn()
        for watcher in watchers:
            watcher.news()
        return watchers

    def lose(self, which: int) -> None:
        """A worker has been killed."""
        self.ends[which].transport.lose()
        self.turn()

    def close(self) -> None:
        self.wait(self.queues.close())
        shutil.rmtree(self.directory)


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    made.close()


def test_what_one_puts_in_is_there_for_all_in_the_order_in_which_it_came(workers: Workers) -> None:
    one, two, three = workers.stores
    for store, pdu in ((one, b"1"), (two, b"2"), (one, b"3"), (three, b"4")):
        store.enqueue([NewMessage(ONE, pdu, BEGUN + 1000.0)])
    workers.turn()
    for store in workers.stores:
        assert [it.pdu for it in workers.wait(store.queued(ONE, 0, 9))] == [b"1", b"2", b"3", b"4"]
        assert workers.wait(store.queue_sizes()) == {ONE: 4}
        assert workers.wait(store.queue_ends()) == {ONE: BEGUN + 1000.0}


def test_the_others_hear_of_it_and_of_the_end(workers: Workers) -> None:
    first, second, third = workers.watchers()
    workers.put(workers.stores[0], ONE, ONE)
    workers.turn()
    assert [each.news() for each in (first, second, third)] == [[], ["2 came"], ["2 came"]]
    workers.wait(workers.stores[1].remove(ONE, workers.numbers(workers.stores[1])))
    workers.turn()
    assert [each.news() for each in (first, second, third)] == [["emptied"]] * 3


def test_the_limit_is_of_all_together(workers: Workers) -> None:
    one, two, _ = workers.stores
    assert workers.put(one, ONE, ONE, limit=3) == [Enqueued.STORED] * 2
    assert workers.put(two, ONE, ONE, limit=3) == [Enqueued.STORED, Enqueued.FULL]


def test_one_has_the_claim_and_the_next_when_it_ends(workers: Workers) -> None:
    first, second, third = workers.watchers()
    for store in workers.stores:
        store.claim(ONE, rank=int(store is not workers.stores[1]))
    workers.put(workers.stores[1], ONE)
    workers.turn()
    assert first.news() == ["granted with 0", "1 came"]
    assert (second.news(), third.news()) == ([], ["1 came"])
    workers.lose(0)
    assert (second.news(), third.news()) == ([], ["granted with 1"])
    workers.stores[2].release(ONE)
    workers.turn()
    assert second.news() == ["granted with 1"]


def test_one_that_lost_the_master_is_told_to_send_nothing_more(workers: Workers) -> None:
    first, *_ = workers.watchers()
    workers.stores[0].claim(ONE, rank=2)
    workers.turn()
    first.news()
    workers.lose(0)
    assert first.news() == ["wanted"]


def test_a_grant_that_crosses_the_end_of_a_claim_is_none(workers: Workers) -> None:
    first, *_ = workers.watchers()
    store = workers.stores[0]
    store.claim(ONE, rank=2)
    store.release(ONE)
    store.claim(ONE, rank=0)
    workers.turn()
    assert first.news() == ["granted with 0"]


def test_removed_messages_are_not_read_any_more_although_the_answer_is_under_way(
    workers: Workers,
) -> None:
    """The master has read them before it heard that they are gone."""
    store = workers.stores[0]
    workers.put(store, ONE, ONE, b"two")
    first, second = workers.numbers(store)
    reading = outcomes(store.queued(ONE, 0, 9))
    # What the master answers is on its way.
    workers.ends[0].transport.stop_reading()
    workers.turn()
    store.remove(ONE, [first])
    again = outcomes(store.queued(ONE, 0, 9))
    workers.ends[0].transport.start_reading()
    workers.turn()
    for found in (*reading, *again):
        assert isinstance(found, list)
        assert [it.number for it in found] == [second]
    assert len(reading) == len(again) == 1
    assert len(workers.numbers(store, b"two")) == 1


def test_a_message_of_any_size_is_as_it_was(workers: Workers) -> None:
    one, two, _ = workers.stores
    pdu = bytes(range(256)) * 2000
    workers.wait(one.enqueue([NewMessage(ONE, pdu, BEGUN + 1.25, 7)] * 2))
    assert [(it.pdu, it.expires) for it in workers.wait(two.queued(ONE, 0, 9))] == [
        (pdu, BEGUN + 1.25)
    ] * 2


def test_numbers_are_given_once_over_all_workers(workers: Workers) -> None:
    taken = [workers.wait(store.reserve_numbers(10)) for store in workers.stores * 2]
    assert sorted(taken) == taken
    assert all(second - first >= 10 for first, second in pairwise(taken))


def test_places_are_those_of_all_and_end_with_their_worker(workers: Workers) -> None:
    one, two, three = workers.stores
    full: list[bytes] = []
    one.tell_full(full.append)
    assert workers.wait(one.admit(ONE, 2))
    assert workers.wait(two.admit(ONE, 2))
    assert not workers.wait(three.admit(ONE, 2))
    assert full == [ONE]
    two.leave(ONE)
    assert workers.wait(three.admit(ONE, 2))
    workers.lose(0)
    assert workers.wait(two.admit(ONE, 2))


def test_slots_are_those_of_all_and_end_with_their_worker(workers: Workers) -> None:
    one, two, _ = workers.stores
    full: list[bytes] = []
    one.tell_full(full.append)
    assert workers.wait(one.take_slot("alpha", 2))
    assert workers.wait(two.take_slot("alpha", 2))
    assert not workers.wait(two.take_slot("alpha", 2))
    assert workers.wait(two.take_slot("beta", 1))
    two.give_slot("alpha")
    assert workers.wait(two.take_slot("alpha", 2))
    workers.lose(0)
    assert workers.wait(two.take_slot("alpha", 2))
    assert full == []


def test_limits_are_divided_among_the_workers_that_use_them(workers: Workers) -> None:
    told: list[Mapping[str, int]] = []
    one, two, _ = workers.stores
    one.tell_leased(told.append)
    one.lease({"account acme": 1_000_000})
    workers.turn()
    alone = told[-1]["account acme"]
    two.lease({"account acme": 1_000_000})
    workers.turn()
    assert told[-1]["account acme"] < alone
    workers.lose(1)
    assert told[-1]["account acme"] == alone


def test_one_of_them_is_told_what_has_expired(workers: Workers) -> None:
    told: list[tuple[int, bytes, QueuedMessage]] = []
    for number, store in enumerate(workers.stores):
        store.tell_expired(lambda account, message, n=number: told.append((n, account, message)))
    workers.watchers()
    workers.stores[2].claim(ONE, rank=2)
    workers.put(workers.stores[0], ONE)
    workers.clock.pump([1.0] * 1060)
    ((number, account, message),) = told
    assert (number, account, message.pdu, message.expires) == (2, ONE, b"pdu", BEGUN + 1000.0)


def test_a_store_in_trouble_is_one_for_its_workers(workers: Workers) -> None:
    store = workers.stores[0]
    workers.wait(workers.queues.close())
    assert workers.put(store, ONE) == [Enqueued.FAILED]
    for asking in (
        store.queued(ONE, 0, 9),
        store.queue_sizes(),
        store.queue_ends(),
        store.reserve_numbers(1),
    ):
        with pytest.raises(StoreError, match="not open"):
            workers.wait(asking)
    workers.wait(store.remove(ONE, [1]))


@pytest.mark.parametrize("is_lost_before", [False, True])
def test_what_was_asked_ends_when_the_master_is_lost(
    workers: Workers, is_lost_before: bool
) -> None:
    """As the interface says: nothing hangs, and nothing is logged."""
    store, ends = workers.stores[0], workers.ends[0]
    with capturedLogs() as events:
        if is_lost_before:
            workers.lose(0)
        enqueuing = outcomes(store.enqueue([NewMessage(ONE, b"pdu", BEGUN + 1000.0)] * 2))
        removing = outcomes(store.remove(ONE, [1]))
        failing = [
            store.queued(ONE, 0, 9),
            store.queue_sizes(),
            store.queue_ends(),
            store.reserve_numbers(5),
            store.admit(ONE, 5),
        ]
        store.watch(ONE, Watcher())
        store.claim(ONE, rank=2)
        store.release(ONE)
        store.leave(ONE)
        store.lease({"account acme": 7})
        if not is_lost_before:
            ends.worker.connectionLost()
        assert enqueuing == [[Enqueued.FAILED] * 2]
        assert removing == [None]
        for asking in failing:
            with pytest.raises(StoreError, match="the master does not answer"):
                workers.wait(asking)
    assert events == []


def test_over_real_sockets() -> None:
    clock = clock_at(BEGUN)
    master = Master(clock, MemoryStore(clock, Limits()))
    store, watcher = SharedStore(MemoryStore(clock, Limits())), Watcher()
    with real_ends() as ends:
        ends.connect([master.server.responders()], [store])
        store.watch(ONE, watcher)
        store.claim(ONE, rank=2)
        enqueuing = outcomes(store.enqueue([NewMessage(ONE, b"x" * 300_000, BEGUN + 9.0)]))
        ends.until(lambda: enqueuing)
        reading = outcomes(store.queued(ONE, 0, 5))
        ends.until(lambda: reading)
        assert enqueuing == [[Enqueued.STORED]]
        assert reading == [[QueuedMessage(1, b"x" * 300_000, BEGUN + 9.0)]]
        assert watcher.news() == ["emptied", "granted with 0"]
