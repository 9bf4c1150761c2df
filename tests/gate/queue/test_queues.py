"""Queues: what is answered ok is stored, counted, and given up when it is too old."""

from __future__ import annotations

import pytest
from attrs.exceptions import FrozenInstanceError
from twisted.internet.defer import fail
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from smppgate.gate.queue.account_queue import QueueStatistics
from smppgate.txsmpp.frame import Frame
from tests.gate.queue.queueing import TTL, Desk, Session, text_of

OK, FULL, LATER = 0, 0x14, 0x64


def restarted(desk: Desk) -> Desk:
    """A gate on the store of another one that was killed."""
    return Desk(desk.clock, desk.store)


# Into the queue


def test_the_smsc_hears_ok_only_when_the_store_has_it() -> None:
    desk = Desk()
    desk.store.holds_back = True
    desk.put("one")
    desk.turn()
    assert desk.smsc.answers == {}
    desk.store.answer()
    assert desk.smsc.answers == {"one": OK}


def test_what_the_store_does_not_take_is_refused_and_not_held() -> None:
    desk = Desk()
    desk.store.broken = True
    desk.stored("one")
    assert desk.smsc.answers == {"one": LATER}
    assert not desk.queue.holds
    assert desk.queue.statistics().queued == 0


def test_a_queue_that_is_full_in_the_store_is_full() -> None:
    """Another process may have put messages into it."""
    desk = Desk(limit=3)
    desk.store.shared_with = 3
    desk.stored("one")
    assert desk.smsc.answers == {"one": FULL}
    assert (desk.queue.statistics().refused, desk.queue.statistics().queued) == (1, 0)


def test_one_turn_is_one_batch_for_all_accounts() -> None:
    desk = Desk()
    desk.put("a1", "a2")
    desk.put("b1", to=desk.bolt)
    desk.turn()
    assert desk.store.batches == [3]
    assert [m.account for m in desk.store.messages.values()] == [b"acme", b"acme", b"bolt"]


def test_one_batch_at_a_time_and_the_next_one_gathers() -> None:
    desk = Desk()
    desk.store.holds_back = True
    desk.stored("a")
    for text in ("b", "c", "d"):
        desk.stored(text)
    assert desk.store.batches == [1]
    desk.store.answer()
    desk.turn()
    assert desk.store.batches == [1, 3]
    assert desk.smsc.answers == {"a": OK}


def test_a_full_queue_says_so_at_once() -> None:
    """Messages on their way into the store count too."""
    desk = Desk(limit=3)
    desk.stored("a", "b")
    desk.store.holds_back = True
    desk.put("c", "d")
    assert desk.smsc.answers == {"a": OK, "b": OK, "d": FULL}
    assert desk.queue.statistics().refused == 1


def test_a_delivery_makes_room_again() -> None:
    desk = Desk(limit=1)
    desk.stored("a")
    desk.bind().answer()
    desk.stored("b")
    assert desk.smsc.answers == {"a": OK, "b": OK}


def test_messages_are_kept_as_long_as_the_account_has_it() -> None:
    desk = Desk(Clock())
    desk.turn(5.0)
    desk.stored("a")
    assert [m.expires for m in desk.store.messages.values()] == [5.0 + TTL]


def test_one_origin_that_breaks_does_not_leave_the_others_without_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    answered = desk.smsc.answered

    def break_on_b(exchange: object, frame: Frame, now: float) -> None:
        if text_of(exchange.octets) == "b":  # type: ignore[attr-defined]
            raise ZeroDivisionError
        answered(exchange, frame, now)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.smsc, "answered", break_on_b)
    desk.stored("a", "b", "c")
    assert desk.smsc.answers == {"a": OK, "c": OK}
    assert desk.queue.statistics().queued == 3


# Before the store is counted


def test_what_comes_before_the_sizes_are_known_waits_for_them() -> None:
    desk = Desk()
    desk.stored("old")
    after = Desk(desk.clock, desk.store, limit=2, start=False)
    desk.store.holds_back = True
    after.queues.start()
    after.put("new1", "new2")
    assert after.queue.holds
    desk.store.answer()
    desk.turn()
    assert after.smsc.answers == {"new2": FULL}
    desk.store.holds_back = False
    desk.store.answer()
    desk.turn()
    assert after.bind().texts == ["old", "new1"]


def test_a_store_that_cannot_count_is_asked_again_and_the_smsc_too() -> None:
    desk = Desk(start=False)
    desk.store.broken = True
    desk.queues.start()
    desk.put("a")
    desk.turn(1.0)
    assert desk.smsc.answers == {"a": LATER}
    desk.store.broken = False
    desk.put("b")
    desk.turn(1.0)
    assert desk.smsc.answers == {"a": LATER, "b": OK}


def test_messages_of_an_account_without_queue_are_logged() -> None:
    desk = Desk()
    desk.stored("a", to=desk.bolt)
    after = Desk(desk.clock, desk.store, start=False)
    after.queues.remove(after.bolt)
    with capturedLogs() as events:
        after.queues.start()
    assert [formatEvent(event) for event in events] == [
        "SG-3203 1 messages are queued for ESME bolt, which has no queue: they are kept until "
        "1970-01-01 00:16:40+00:00 at the latest, and delivered if it has one again"
    ]


# Expiry


def test_what_has_expired_is_not_delivered() -> None:
    desk = Desk()
    desk.stored("a")
    desk.turn(10.0)
    desk.stored("b")
    desk.turn(TTL - 5.0)
    assert desk.bind().texts == ["b"]
    assert desk.queue.statistics() == QueueStatistics(queued=1, expired=1)
    assert desk.lost == []
    desk.store.expire()
    assert desk.lost == []


def test_what_the_store_deletes_is_told() -> None:
    desk = Desk()
    desk.stored("a")
    desk.turn(10.0)
    desk.stored("b")
    desk.turn(TTL - 5.0)
    desk.store.expire()
    assert desk.lost == [("acme", "a", "expired")]


def test_what_expires_after_it_was_read_is_not_delivered_either() -> None:
    desk = Desk()
    desk.stored("a", "b")
    session = desk.bind(Session(window=1))
    desk.turn(TTL)
    session.answer()
    desk.turn()
    assert session.texts == ["a"]
    assert desk.queue.statistics() == QueueStatistics(delivered=1, expired=1)
    assert desk.store.messages == {}
    assert desk.lost == [("acme", "b", "expired")]


def test_what_is_in_memory_when_the_store_deletes_it_is_told_once() -> None:
    """It may be under way, and be delivered after all."""
    desk = Desk()
    desk.stored("a", "b")
    session = desk.bind(Session(window=1))
    desk.turn(TTL)
    desk.store.expire()
    session.answer()
    desk.turn()
    assert desk.queue.statistics() == QueueStatistics(delivered=1, expired=1)
    assert desk.lost == [("acme", "b", "expired")]
    desk.lose(session)
    desk.stored("c")
    desk.turn(TTL)
    desk.store.expire()
    assert desk.lost[1:] == [("acme", "c", "expired")]


def test_what_expires_of_an_account_without_a_queue_is_told_too() -> None:
    desk = Desk()
    desk.stored("a", to=desk.bolt)
    desk.queues.remove(desk.bolt)
    desk.turn(TTL)
    desk.store.expire()
    assert desk.lost == [("bolt", "a", "expired")]


def test_the_log_tells_of_expired_messages_once_a_minute() -> None:
    desk = Desk(ttl=1.0)
    with capturedLogs() as events:
        for at in range(120):
            desk.stored(f"message {at}")
            desk.turn(2.0)
            desk.lose(desk.bind())
    lines = [str(formatEvent(event)) for event in events]
    assert 3 <= len(lines) <= 5
    assert lines[0].startswith("SG-3202 1 message that waited for ESME acme expired (")


def test_what_has_expired_takes_no_room() -> None:
    desk = Desk(limit=2)
    desk.stored("a")
    desk.turn(10.0)
    desk.stored("b", "c")
    desk.turn(TTL + 60.0)
    desk.turn(60.0)
    desk.stored("d")
    assert desk.smsc.answers == {"a": OK, "b": OK, "c": FULL, "d": OK}
    assert desk.queue.statistics() == QueueStatistics(queued=1, refused=1, expired=2)


def test_what_the_store_has_lost_takes_no_room() -> None:
    """A broken file is set aside, and one without messages begun."""
    desk = Desk()
    desk.stored("a")
    desk.store.messages.clear()
    assert desk.queue.statistics().queued == 1
    for _ in range(2):
        desk.turn(60.0)
    assert desk.queue.statistics().queued == 0


def test_what_expires_is_counted_later_when_the_store_cannot_now() -> None:
    desk = Desk(limit=1)
    desk.stored("a")
    desk.store.broken = True
    desk.turn(TTL + 60.0)
    desk.turn(60.0)
    desk.stored("b")
    assert desk.smsc.answers == {"a": OK, "b": FULL}
    desk.store.broken = False
    desk.turn(60.0)
    desk.stored("c")
    assert desk.smsc.answers == {"a": OK, "b": FULL, "c": OK}


def test_a_count_that_something_came_between_is_not_used() -> None:
    """The next one is."""
    desk = Desk()
    desk.stored("a")
    desk.turn(TTL - 10.0)
    desk.store.holds_back = True
    desk.turn(60.0)
    desk.put("b")
    desk.store.answer()
    desk.turn()
    desk.store.holds_back = False
    desk.store.answer()
    desk.turn()
    assert desk.queue.statistics() == QueueStatistics(queued=2)
    desk.turn(60.0)
    assert desk.queue.statistics() == QueueStatistics(queued=1, expired=1)


# A store with troubles, and the end


@pytest.mark.parametrize("asked", ["queue_sizes", "enqueue", "queued"])
def test_an_error_of_the_stores_that_it_does_not_know_itself_is_logged(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """The gate goes on."""
    desk = Desk(start=False)
    with monkeypatch.context() as broken, capturedLogs() as events:
        broken.setattr(desk.store, asked, lambda *_: fail(ZeroDivisionError()))
        desk.queues.start()
        desk.put("a")
        session = desk.bind()
        desk.turn(0.5)
    assert {event["log_failure"].type for event in events} == {ZeroDivisionError}
    desk.turn(1.0)
    desk.stored("b")
    assert [text for text in session.texts if text != "a"] == ["b"]


def test_a_queue_that_cannot_be_read_is_tried_again() -> None:
    desk = Desk()
    desk.stored("a")
    desk.store.broken = True
    session = desk.bind()
    desk.turn(1.0)
    desk.store.broken = False
    desk.turn(2.0)
    assert session.texts == ["a"]


def test_a_message_stored_during_a_read_is_not_forgotten() -> None:
    desk = Desk()
    desk.stored("a")
    desk.store.holds_back = True
    session = desk.bind()
    desk.put("b")
    desk.turn()
    desk.store.answer()
    desk.store.holds_back = False
    desk.store.answer()
    desk.turn()
    assert session.texts == ["a", "b"]


def test_at_rest_nothing_more_is_sent_and_answers_still_count() -> None:
    desk = Desk()
    desk.stored("a", "b")
    session = desk.bind(Session(window=1))
    desk.queues.rest()
    assert desk.queues.under_way == 1
    session.answer()
    desk.turn(60.0)
    assert session.texts == ["a"]
    assert desk.queues.under_way == 0
    assert [text_of(m.pdu) for m in desk.store.messages.values()] == ["b"]


def test_stopped_it_leaves_no_timer_and_loses_nothing() -> None:
    desk = Desk()
    desk.stored("a")
    session = desk.bind()
    session.answer(0x58)
    desk.put("b")
    desk.queues.stop()
    session.lose()
    desk.turn()
    assert desk.clock.getDelayedCalls() == []
    assert restarted(desk).bind().texts == ["a", "b"]


def test_what_gathers_while_it_stops_follows_the_batch_under_way() -> None:
    desk = Desk()
    desk.store.holds_back = True
    desk.stored("a")
    desk.put("b")
    desk.queues.stop()
    desk.store.answer()
    desk.store.answer()
    assert desk.smsc.answers == {"a": OK, "b": OK}
    assert desk.clock.getDelayedCalls() == []


def test_statistics_are_frozen_and_of_all_queues() -> None:
    desk = Desk()
    desk.stored("a")
    desk.stored("b", to=desk.bolt)
    statistics = desk.queues.statistics()
    assert statistics == QueueStatistics(queued=2)
    with pytest.raises(FrozenInstanceError):
        statistics.queued = 0  # type: ignore[misc]


def test_the_sender_says_that_messages_wait_and_no_session_receives() -> None:
    desk = Desk()
    calls: list[bool] = []
    sender = desk.queue.sender
    sender.receiver_needed = lambda: calls.append(sender.needs_receiver)
    desk.stored("a")
    assert calls == [True]
    session = desk.bind()
    desk.stored("b")
    assert calls == [True]
    desk.lose(session)
    assert calls == [True, True]
