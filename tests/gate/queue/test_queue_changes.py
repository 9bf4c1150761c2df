"""Queues come, go and change while the gate runs."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, ensureDeferred

from smppgate.gate.queue.account_queue import QueueStatistics
from smppgate.gate.queue.queues import Orphans
from tests.fakes import outcomes
from tests.gate.queue.queueing import TTL, Desk, Session, account, text_of

OK, FULL, LATER = 0, 0x14, 0x64


def orphans(desk: Desk) -> Any:
    """What the store has for accounts without queue."""
    (found,) = outcomes(ensureDeferred(desk.queues.orphans()))
    return found


# Removed


def test_what_a_removed_account_has_in_the_store_stays_and_comes_back_with_it() -> None:
    desk = Desk()
    desk.stored("a", "b")
    desk.turn(5.0)
    desk.stored("c")
    desk.queues.remove(desk.acme)
    assert desk.acme not in desk.queues
    assert orphans(desk) == {b"acme": Orphans(3, 5.0 + TTL)}
    desk.acme = account("acme")
    desk.queues.add(desk.acme, 100, TTL)
    assert orphans(desk) == {}
    assert desk.bind().texts == ["a", "b", "c"]


def test_what_is_on_its_way_to_the_store_gets_there_and_is_answered() -> None:
    desk = Desk()
    desk.store.holds_back = True
    desk.stored("a")
    desk.put("b")
    desk.queues.remove(desk.acme)
    for _ in range(2):
        desk.store.answer()
        desk.turn()
    assert desk.smsc.answers == {"a": OK, "b": OK}
    assert [text_of(m.pdu) for m in desk.store.messages.values()] == ["a", "b"]
    assert list(desk.queues._by_name) == [b"bolt"]


def test_an_account_that_returns_meanwhile_has_that_too() -> None:
    desk = Desk()
    desk.store.holds_back = True
    desk.stored("a")
    desk.queues.remove(desk.acme)
    desk.acme = account("acme")
    desk.queues.add(desk.acme, 100, TTL)
    desk.put("b")
    desk.store.holds_back = False
    desk.store.answer()
    desk.turn()
    assert desk.bind().texts == ["a", "b"]


def test_what_waits_for_the_count_of_the_store_is_not_lost() -> None:
    desk = Desk(start=False)
    desk.put("a")
    desk.queues.remove(desk.acme)
    desk.queues.start()
    desk.turn()
    assert desk.smsc.answers == {"a": OK}
    assert orphans(desk) == {b"acme": Orphans(1, TTL)}


def test_nothing_is_sent_any_more_and_answers_still_count() -> None:
    desk = Desk()
    desk.stored("a", "b", "c")
    session = desk.bind(Session(window=2))
    desk.queues.remove(desk.acme)
    session.answer()
    session.answer(0x58)
    desk.turn(120.0)
    assert session.texts == ["a", "b"]
    assert orphans(desk) == {b"acme": Orphans(2, TTL)}
    assert desk.queues.statistics() == QueueStatistics(delivered=1)
    assert list(desk.queues._by_name) == [b"bolt"]


def test_what_is_under_way_is_not_sent_twice_when_the_account_returns() -> None:
    desk = Desk()
    desk.stored("a", "b")
    old = desk.bind()
    desk.queues.remove(desk.acme)
    desk.acme = account("acme")
    desk.queues.add(desk.acme, 100, TTL)
    session = desk.bind()
    assert session.texts == []
    old.answer()
    old.lose()
    desk.turn()
    assert session.texts == ["b"]


def test_a_removed_queue_leaves_no_timer() -> None:
    desk = Desk()
    desk.stored("a")
    session = desk.bind()
    session.answer(0x58)
    desk.queues.remove(desk.acme)
    desk.queues.remove(desk.bolt)
    desk.queues.remove(desk.bolt)
    desk.turn(60.0)
    assert desk.clock.getDelayedCalls() == []


def test_orphans_expire() -> None:
    desk = Desk()
    desk.stored("a")
    desk.queues.remove(desk.acme)
    desk.turn(TTL)
    assert orphans(desk) == {}


# Closed


def test_a_closing_queue_delivers_what_it_has_and_is_gone() -> None:
    desk = Desk()
    desk.stored("a", "b")
    gone = outcomes(desk.queues.close(desk.acme))
    session = desk.bind(Session(window=1))
    desk.put("c")
    desk.turn()
    for _ in range(3):
        assert (gone, desk.acme in desk.queues) == ([], True)
        session.answer()
        desk.turn()
    assert session.texts == ["a", "b", "c"]
    assert (gone, desk.acme in desk.queues) == ([True], False)
    assert desk.queues.statistics() == QueueStatistics(delivered=3)


def test_an_empty_queue_is_gone_at_once() -> None:
    desk = Desk()
    assert outcomes(desk.queues.close(desk.acme)) == [True]
    assert desk.acme not in desk.queues
    with pytest.raises(KeyError):
        desk.queues.close(desk.acme)


def test_a_closing_queue_is_gone_when_its_messages_have_expired() -> None:
    desk = Desk()
    desk.stored("a")
    gone = outcomes(desk.queues.close(desk.acme))
    desk.turn(TTL + 60.0)
    desk.turn(60.0)
    assert gone == [True]
    assert desk.queues.statistics() == QueueStatistics(expired=1)


def test_a_closing_queue_that_is_added_is_an_ordinary_one() -> None:
    desk = Desk()
    desk.stored("a")
    gone = outcomes(desk.queues.close(desk.acme))
    again = outcomes(desk.queues.close(desk.acme))
    assert desk.queues.add(desk.acme, 100, TTL) is desk.queue
    assert (gone, again, desk.queue.is_closing) == ([False], [False], False)
    desk.bind().answer()
    desk.turn()
    assert desk.acme in desk.queues


def test_a_closing_queue_may_be_removed() -> None:
    desk = Desk()
    desk.stored("a")
    gone = outcomes(desk.queues.close(desk.acme))
    desk.queues.remove(desk.acme)
    assert gone == [False]
    assert orphans(desk) == {b"acme": Orphans(1, TTL)}


# Added and changed


def test_a_queue_added_to_a_bound_account_sends_what_the_store_has() -> None:
    desk = Desk()
    desk.stored("a")
    desk.queues.remove(desk.acme)
    session = desk.bind()
    desk.queues.add(desk.acme, 100, TTL)
    desk.turn()
    assert session.texts == ["a"]


def test_a_new_queue_waits_for_a_store_that_cannot_be_read() -> None:
    desk = Desk()
    desk.stored("a")
    desk.queues.remove(desk.acme)
    desk.store.broken = True
    desk.queues.add(desk.acme, 100, TTL)
    desk.turn()
    desk.store.broken = False
    desk.turn(1.0)
    assert desk.bind().texts == ["a"]


def test_a_queue_added_while_the_gate_stops_sends_nothing() -> None:
    desk = Desk()
    desk.stored("a")
    desk.queues.remove(desk.acme)
    desk.queues.rest()
    desk.queues.add(desk.acme, 100, TTL)
    assert desk.bind().texts == []


def test_the_limit_changes_at_once() -> None:
    desk = Desk(limit=1)
    desk.stored("a", "b")
    desk.queues.change(desk.acme, 2, TTL)
    desk.stored("c")
    desk.queues.change(desk.acme, 1, TTL)
    desk.stored("d")
    assert desk.smsc.answers == {"a": OK, "b": FULL, "c": OK, "d": FULL}


def test_a_shorter_ttl_is_that_of_new_messages() -> None:
    """They expire before those ahead of them, and none is sent that has expired."""
    desk = Desk()
    desk.stored("a")
    desk.queues.change(desk.acme, 100, 10.0)
    desk.stored("b", "c")
    session = desk.bind(Session(window=1))
    desk.turn(10.0)
    session.answer()
    desk.turn()
    assert session.texts == ["a"]
    assert desk.queues.statistics() == QueueStatistics(delivered=1, expired=2)
    assert desk.store.messages == {}


def test_queues_that_are_counted_after_a_stop_ask_the_store_nothing_more() -> None:
    desk = Desk(start=False)
    asked: list[Deferred[dict[bytes, int]]] = []

    def queue_sizes() -> Deferred[dict[bytes, int]]:
        asked.append(Deferred())
        return asked[-1]

    desk.store.queue_sizes = queue_sizes
    desk.queues.start()
    desk.queues.stop()
    asked[0].callback({})
    desk.turn()
    assert len(asked) == 1
