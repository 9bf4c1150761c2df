"""A queue that its operator drops, or has tried again."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from smppgate.gate.controls import QueueControl
from smppgate.gate.queue.read_ahead import READ_SIZE
from smppgate.store import StoreError
from smppgate.txsmpp.constants import CommandStatus
from tests.fakes import outcomes
from tests.gate.queue.queueing import Desk, Session


def dropped(desk: Desk) -> list[Any]:
    """How many are dropped, once that is done."""
    return outcomes(QueueControl(desk.queue).drop())


def test_what_waits_is_removed_and_what_comes_later_is_not() -> None:
    desk = Desk()
    desk.stored("a", "b", "c")
    desk.stored("z", to=desk.bolt)
    assert dropped(desk) == [3]
    assert (desk.queue.stored, desk.queue.statistics().dropped) == (0, 3)
    assert [message.account for message in desk.store.messages.values()] == [b"bolt"]
    desk.stored("d")
    assert desk.bind().texts == ["d"]
    assert desk.queue.statistics().expired == 0


def test_what_is_under_way_is_not_dropped() -> None:
    desk = Desk()
    desk.stored("a", "b", "c")
    session = desk.bind(Session(window=1))
    assert dropped(desk) == [2]
    session.answer()
    desk.turn()
    assert (session.texts, desk.queue.stored, desk.queue.statistics().delivered) == (["a"], 0, 1)


def test_more_than_is_read_at_once_is_dropped() -> None:
    desk = Desk(limit=2000)
    count = 2 * READ_SIZE + 7
    desk.stored(*(f"m{number}" for number in range(count)))
    assert dropped(desk) == [count]
    assert desk.store.messages == {}


def test_a_read_that_is_under_way_sends_nothing_that_is_dropped() -> None:
    desk = Desk(limit=2000)
    desk.stored(*(f"m{number}" for number in range(50)))
    desk.store.holds_back = True
    session = desk.bind()
    done = dropped(desk)
    while desk.store._waiting:
        desk.store.answer()
        desk.turn()
    sent = len(session.texts)
    assert done == [50 - sent]
    for _ in range(sent):
        session.answer()
        desk.turn()
    desk.store.answer()
    desk.turn()
    assert (desk.queue.stored, desk.queue.statistics().expired) == (0, 0)


def test_what_comes_meanwhile_stays() -> None:
    desk = Desk()
    desk.stored("a", "b")
    desk.store.holds_back = True
    done = dropped(desk)
    desk.put("c")
    desk.turn()
    desk.store.answer()
    desk.turn()
    desk.store.holds_back = False
    desk.store.answer()
    desk.turn()
    assert done == [2]
    assert desk.bind().texts == ["c"]


def test_a_store_that_cannot_be_read_drops_nothing() -> None:
    desk = Desk()
    desk.stored("a")
    desk.store.broken = True
    (failure,) = dropped(desk)
    assert failure.check(StoreError)
    desk.store.broken = False
    assert desk.bind().texts == ["a"]


def test_a_queue_is_tried_again_without_its_pause() -> None:
    desk = Desk()
    desk.stored("a")
    session = desk.bind()
    session.answer(CommandStatus.ESME_RX_T_APPN)
    desk.turn()
    assert len(session.texts) == 1
    QueueControl(desk.queue).retry()
    desk.turn()
    assert session.texts == ["a", "a"]


ACTS = ("put", "drop", "answer", "refuse", "store", "wait")
STEPS = st.lists(st.sampled_from(ACTS), max_size=40)


@given(STEPS)
def test_counts_agree_with_the_store_whatever_happens(steps: list[str]) -> None:
    """Each message is delivered or dropped once, and none is left over."""
    desk = Desk(limit=1000)
    session = desk.bind(Session(window=2))
    count, drops = 0, []
    for number, step in enumerate(steps):
        desk.store.holds_back = step in ("drop", "put") and number % 2 == 0
        if step == "put":
            count += 1
            desk.put(f"m{number}")
        elif step == "drop":
            drops.append(outcomes(Deferred.fromCoroutine(desk.queue.drop())))
        elif step == "store":
            desk.store.answer()
        elif step == "wait":
            desk.turn(1.0)
        elif session.open:
            session.answer(0 if step == "answer" else int(CommandStatus.ESME_RX_T_APPN))
        desk.turn()
    desk.store.holds_back = False
    for _ in range(4 * count + 4):
        desk.store.answer()
        desk.turn(30.0)
        if session.open:
            session.answer()
    desk.turn()
    seen = desk.queue.statistics()
    assert sum(each[0] for each in drops) == seen.dropped
    assert (seen.delivered + seen.dropped, seen.queued, seen.expired) == (count, 0, 0)
    assert desk.store.messages == {}
