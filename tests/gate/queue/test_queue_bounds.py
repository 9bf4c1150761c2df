"""Queues in octets: large messages take no more memory than small ones."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from smppgate.gate.queue.account_queue import MOST_UNCOUNTED
from smppgate.gate.queue.queues import MOST_OCTETS
from smppgate.gate.queue.sender import _within
from smppgate.store import Enqueued, Limits, MemoryStore, NewMessage, QueuedMessage
from smppgate.store.memory import MOST_QUEUED
from smppgate.store.sqlite.tables import STATEMENT_OCTETS, STATEMENT_ROWS, _message_parts
from tests.fakes import outcomes
from tests.gate.queue.queueing import Desk, pdu

FULL, UNDELIVERED = 0x14, 0x64


@given(st.lists(st.integers(0, 100), min_size=1))
def test_what_is_read_is_bounded_and_never_nothing(sizes: list[int]) -> None:
    """The longest beginning with 150 octets or less, else the first message alone."""
    messages = [QueuedMessage(at, bytes(size), 0.0) for at, size in enumerate(sizes)]
    kept = _within(messages, 150)
    assert kept == messages[: len(kept)]
    assert len(kept) == 1 or sum(len(message.pdu) for message in kept) <= 150
    if len(kept) < len(messages):
        assert sum(sizes[: len(kept) + 1]) > 150


@given(st.lists(st.integers(0, STATEMENT_OCTETS), max_size=300))
def test_what_one_statement_writes_is_bounded(sizes: list[int]) -> None:
    """All messages in their order; in octets too, but for one that is larger by itself."""
    octets = bytes(max(sizes, default=0))
    messages = [NewMessage(b"%d" % at, octets[:size], 0.0) for at, size in enumerate(sizes)]
    parts = list(_message_parts(messages))
    assert [each for part in parts for each in part] == messages
    for part in parts:
        assert 1 <= len(part) <= STATEMENT_ROWS
        assert len(part) == 1 or sum(len(each.pdu) for each in part) <= STATEMENT_OCTETS
    for part, behind in pairwise(parts):
        full = sum(len(each.pdu) for each in (*part, behind[0])) > STATEMENT_OCTETS
        assert len(part) == STATEMENT_ROWS or full


def test_a_queue_in_memory_is_bounded_in_octets() -> None:
    """Beyond it the SMSC keeps its messages; what leaves makes room."""
    store = MemoryStore(Clock(), Limits())
    large = NewMessage(b"acme", bytes(MOST_QUEUED // 4), 1e9)
    for _ in range(4):
        assert outcomes(store.enqueue([large])) == [[Enqueued.STORED]]
    assert outcomes(store.enqueue([large])) == [[Enqueued.FULL]]
    (messages,) = outcomes(store.queued(b"acme", 0, 10))
    store.remove(b"acme", [messages[0].number])  # type: ignore[index,union-attr]
    assert outcomes(store.enqueue([large])) == [[Enqueued.STORED]]


def put_large(desk: Desk, *texts: str, of: int) -> None:
    """The SMSC sends these in PDUs of ``of`` octets, in one turn."""
    for text in texts:
        octets = pdu(text)
        desk.queue.put(desk.smsc.exchange(text), octets + bytes(of - len(octets)))


def test_a_queue_that_is_full_before_it_is_counted_says_so() -> None:
    """Whatever the store has, there is no room; those that wait are stored afterwards."""
    desk = Desk(limit=2, start=False)
    desk.put("one", "two", "three")
    assert desk.smsc.answers == {"three": FULL}
    assert desk.queue.statistics().refused == 1
    desk.queues.start()
    desk.turn()
    assert desk.smsc.answers == {"three": FULL, "one": 0, "two": 0}


def test_a_queue_that_is_not_counted_is_bounded_in_octets() -> None:
    """Beyond it nothing is known of the queue: the SMSC hears what it is told at any such time."""
    desk = Desk(start=False)
    put_large(desk, "one", "two", "three", of=MOST_UNCOUNTED // 2)
    assert desk.smsc.answers == {"three": UNDELIVERED}
    assert desk.queue.statistics().refused == 0
    desk.queues.start()
    desk.turn()
    put_large(desk, "four", of=MOST_UNCOUNTED // 2)
    desk.turn()
    assert desk.smsc.answers == {"three": UNDELIVERED, "one": 0, "two": 0, "four": 0}


def test_a_count_that_fails_makes_room_for_others() -> None:
    """Those that waited are told so, and their octets are given back."""
    desk = Desk(start=False)
    desk.store.broken = True
    put_large(desk, "one", "two", of=MOST_UNCOUNTED // 2)
    desk.queues.start()
    assert desk.smsc.answers == {"one": UNDELIVERED, "two": UNDELIVERED}
    put_large(desk, "three", "four", "five", of=MOST_UNCOUNTED // 2)
    assert desk.smsc.answers == {"one": UNDELIVERED, "two": UNDELIVERED, "five": UNDELIVERED}


def test_what_is_on_its_way_to_the_store_is_bounded_in_octets() -> None:
    """For all queues together, over all batches; what the store has taken makes room."""
    desk = Desk()
    desk.store.holds_back = True
    quarter = MOST_OCTETS // 4
    put_large(desk, "one", "two", of=quarter)
    desk.turn()
    put_large(desk, "three", "four", "five", of=quarter)
    assert desk.smsc.answers == {"five": UNDELIVERED}
    desk.put("six", to=desk.bolt)
    assert desk.smsc.answers == {"five": UNDELIVERED, "six": UNDELIVERED}
    desk.store.answer()
    desk.turn()
    assert desk.smsc.answers == {"five": UNDELIVERED, "six": UNDELIVERED, "one": 0, "two": 0}
    desk.put("seven", to=desk.bolt)
    for _ in range(2):
        desk.store.answer()
        desk.turn()
    assert desk.smsc.answers["seven"] == 0
    assert desk.smsc.answers["four"] == 0


def test_what_the_store_refuses_makes_room() -> None:
    """Its octets are on their way to nowhere."""
    desk = Desk()
    desk.store.broken = True
    for text in "one", "two", "three":
        put_large(desk, text, of=MOST_OCTETS)
        desk.turn()
    desk.store.broken = False
    put_large(desk, "four", of=MOST_OCTETS)
    desk.turn()
    assert desk.smsc.answers == {
        "one": UNDELIVERED,
        "two": UNDELIVERED,
        "three": UNDELIVERED,
        "four": 0,
    }
