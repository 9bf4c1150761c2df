"""`SharedQueues`: what one process puts in the others hear of, and one at a time has a queue."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from smppgate.store import Enqueued, Limits, MemoryStore, NewMessage, QueuedMessage
from smppgate.store.sharing import QueueShare, SharedQueues
from tests.store.fakes import BEGUN, Inline, Watcher, clock_at, wait

ONE = b"one"


class Processes:
    """A store and the processes that share its queues."""

    def __init__(self, kind: str) -> None:
        self.clock = clock_at(BEGUN)
        self.directory = Path(tempfile.mkdtemp(prefix="store-"))
        self.inline: Inline | None = None
        if kind == "disk":
            self.inline = Inline(self.directory, clock=self.clock)
            self.inline.open()
            self.shared = SharedQueues(self.inline.store._queues)
        else:
            memory = MemoryStore(self.clock, Limits())
            wait(self.clock, memory.open())
            self.shared = SharedQueues(memory)

    def share(self) -> QueueShare:
        return self.shared.join()

    def watching(self, account: bytes = ONE) -> tuple[QueueShare, Watcher]:
        """A process that watches a queue, and has heard what is in it."""
        share, watcher = self.share(), Watcher()
        share.watch(account, watcher)
        watcher.news()
        return share, watcher

    def put(self, share: QueueShare, *accounts: bytes, limit: int = 100) -> list[Enqueued]:
        new = [NewMessage(account, b"pdu", BEGUN + 1000.0, limit) for account in accounts]
        return wait(self.clock, share.enqueue(new))

    def numbers(self, share: QueueShare, account: bytes = ONE) -> list[int]:
        return [it.number for it in wait(self.clock, share.queued(account, 0, 100))]

    def remove(self, share: QueueShare, numbers: list[int], account: bytes = ONE) -> None:
        wait(self.clock, share.remove(account, numbers))

    def close(self) -> None:
        if self.inline is not None:
            self.inline.close()
        shutil.rmtree(self.directory)


@pytest.fixture(params=["memory", "disk"])
def all_of(request: pytest.FixtureRequest) -> Iterator[Processes]:
    made = Processes(request.param)
    yield made
    made.close()


def test_what_a_process_puts_in_the_others_hear_of(all_of: Processes) -> None:
    (first, heard), (_, other) = all_of.watching(), all_of.watching()
    all_of.put(first, ONE, b"two", ONE)
    assert (heard.news(), other.news()) == ([], ["2 came"])
    assert len(all_of.numbers(first)) == 2


def test_what_is_full_for_all_is_told_to_nobody(all_of: Processes) -> None:
    """The limit counts what all have put in."""
    (first, _), (second, other) = all_of.watching(), all_of.watching()
    assert all_of.put(first, ONE, ONE, limit=2) == [Enqueued.STORED] * 2
    other.news()
    assert all_of.put(first, ONE, limit=2) == [Enqueued.FULL]
    assert all_of.put(second, ONE, b"two", limit=2) == [Enqueued.FULL, Enqueued.STORED]
    assert other.news() == []


def test_one_that_begins_to_watch_hears_what_is_there(all_of: Processes) -> None:
    first, _ = all_of.watching()
    second, watcher = all_of.share(), Watcher()
    second.watch(ONE, watcher)
    assert watcher.news() == ["emptied"]
    all_of.put(first, ONE, ONE)
    second.watch(ONE, watcher)
    assert watcher.news() == ["2 came", "2 came"]
    second.watch(ONE, None)
    all_of.put(first, ONE)
    assert watcher.news() == []


def test_all_hear_when_a_queue_is_empty(all_of: Processes) -> None:
    (first, heard), (_, other) = all_of.watching(), all_of.watching()
    all_of.put(first, ONE, ONE, b"two")
    other.news()
    one, two = all_of.numbers(first)
    all_of.remove(first, [one])
    assert (heard.news(), other.news()) == ([], [])
    all_of.remove(first, [two, 12345])
    assert (heard.news(), other.news()) == (["emptied"], ["emptied"])


def test_a_claim_comes_with_the_number_of_messages(all_of: Processes) -> None:
    (first, heard), (second, other) = all_of.watching(), all_of.watching()
    all_of.put(first, ONE, ONE, ONE)
    other.news()
    first.claim(ONE, rank=2)
    assert heard.news() == ["granted with 3"]
    second.claim(ONE, rank=2)
    assert other.news() == []
    all_of.remove(first, all_of.numbers(first)[:1])
    first.release(ONE)
    assert (heard.news(), other.news()) == ([], ["granted with 2"])


def test_what_was_removed_a_moment_ago_is_not_counted_with_a_claim() -> None:
    """The disk has not heard of it yet; and what it does not have is not taken off."""
    all_of = Processes("disk")
    assert all_of.inline is not None
    (first, _), (second, other) = all_of.watching(), all_of.watching()
    all_of.put(first, ONE, ONE, ONE)
    first.claim(ONE, rank=2)
    second.claim(ONE, rank=2)
    other.news()
    numbers = all_of.numbers(first)
    all_of.inline.writer.holds = True
    first.remove(ONE, [*numbers[:2], 12345])
    first.release(ONE)
    assert other.news() == []
    all_of.inline.writer.go_on()
    assert other.news() == ["granted with 1"]
    assert all_of.numbers(second) == numbers[2:]
    all_of.close()


def test_a_message_is_not_read_before_it_is_told_of() -> None:
    """So one with the claim never counts it twice."""
    all_of = Processes("disk")
    assert all_of.inline is not None
    (first, _), (second, other) = all_of.watching(), all_of.watching()
    all_of.put(first, ONE)
    second.claim(ONE, rank=2)
    other.news()
    all_of.inline.writer.late = True
    first.enqueue([NewMessage(ONE, b"pdu", BEGUN + 1000.0)])
    assert len(all_of.numbers(second)) == 1
    assert wait(all_of.clock, second.queue_sizes()) == {ONE: 1}
    assert other.news() == []
    all_of.inline.writer.go_on()
    assert other.news() == ["1 came"]
    assert len(all_of.numbers(second)) == 2
    assert wait(all_of.clock, second.queue_sizes()) == {ONE: 2}
    all_of.close()


def test_a_queue_with_a_message_on_its_way_is_not_empty() -> None:
    all_of = Processes("disk")
    assert all_of.inline is not None
    (first, _), (second, other) = all_of.watching(), all_of.watching()
    all_of.put(first, ONE)
    (number,) = all_of.numbers(first)
    other.news()
    all_of.inline.writer.holds = True
    second.remove(ONE, [number])
    first.enqueue([NewMessage(ONE, b"pdu", BEGUN + 1000.0)])
    all_of.inline.writer.go_on()
    assert other.news() == ["1 came"]
    all_of.close()


def test_one_that_can_send_asks_one_that_cannot_to_let_go(all_of: Processes) -> None:
    (first, heard), (second, other) = all_of.watching(), all_of.watching()
    first.claim(ONE, rank=0)
    second.claim(ONE, rank=2)
    assert (heard.news(), other.news()) == (["granted with 0", "wanted"], [])
    first.release(ONE)
    first.claim(ONE, rank=0)
    assert (heard.news(), other.news()) == ([], ["granted with 0"])


def test_the_claims_of_a_process_end_with_it(all_of: Processes) -> None:
    (first, heard), (second, other) = all_of.watching(), all_of.watching()
    all_of.put(first, ONE)
    other.news()
    first.claim(ONE, rank=2)
    second.claim(ONE, rank=0)
    heard.news()
    first.leave()
    assert other.news() == ["granted with 1"]
    all_of.put(second, ONE)
    assert heard.news() == []


def test_a_claim_is_granted_once_however_often_it_is_let_go() -> None:
    all_of = Processes("disk")
    assert all_of.inline is not None
    first, heard = all_of.watching()
    all_of.put(first, ONE, ONE)
    all_of.inline.writer.holds = True
    first.remove(ONE, all_of.numbers(first)[:1])
    for _ in range(3):
        first.claim(ONE, rank=2)
        first.release(ONE)
    first.claim(ONE, rank=2)
    all_of.inline.writer.go_on()
    assert heard.news() == ["granted with 1"]
    all_of.close()


def test_one_process_is_told_what_has_expired(all_of: Processes) -> None:
    """The one with the claim, or any."""
    told: list[tuple[str, bytes]] = []
    shares = [all_of.watching()[0] for _ in range(3)]
    for name, share in zip("abc", shares, strict=True):

        def note(account: bytes, _: QueuedMessage, name: str = name) -> None:
            told.append((name, account))

        share.tell_expired(note)
    shares[1].claim(ONE, rank=0)
    shares[0].leave()
    all_of.put(shares[2], ONE, b"two", ONE)
    all_of.clock.pump([1.0] * 1060)
    assert sorted(told) == [("b", ONE), ("b", ONE), ("b", b"two")]


def test_what_is_wanted_before_it_is_granted_is_told_behind_that() -> None:
    """The one that has just got the claim could not have let it go."""
    all_of = Processes("disk")
    assert all_of.inline is not None
    (first, heard), (second, other) = all_of.watching(), all_of.watching()
    all_of.put(second, ONE, ONE)
    all_of.inline.writer.holds = True
    second.remove(ONE, all_of.numbers(second)[:1])
    first.claim(ONE, rank=0)
    second.claim(ONE, rank=2)
    heard.news()
    all_of.inline.writer.go_on()
    assert heard.news() == ["granted with 1", "wanted"]
    first.release(ONE)
    all_of.inline.writer.go_on()
    assert other.news() == ["granted with 1"]
    all_of.close()
