"""What is in a queue reaches the ESME, in order, and leaves the store when it has."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from smppgate.gate.queue.account_queue import QueueStatistics
from smppgate.gate.queue.read_ahead import READ_SIZE
from smppgate.gate.queue.sender import RETRYABLE
from smppgate.store import Limits, MemoryStore
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import V3_3, V3_4, Version
from tests.gate.queue.queueing import Desk, ManualStore, Session, text_of

OK = 0


def numbered(count: int, first: int = 1) -> list[str]:
    """That many messages."""
    return [f"m{number}" for number in range(first, first + count)]


# In order


def test_messages_are_delivered_in_order_within_the_window() -> None:
    desk = Desk()
    desk.stored(*numbered(5))
    session = desk.bind(Session(window=2))
    assert session.open == ["m1", "m2"]
    session.answer(at=1)
    desk.turn()
    assert session.open == ["m1", "m3"]
    session.answer()
    session.answer()
    desk.turn()
    assert session.texts == numbered(5)
    assert [frame.sequence_number for frame in session.sent] == [1, 2, 3, 4, 5]


def test_each_is_removed_when_its_answer_comes_and_not_before() -> None:
    desk = Desk()
    desk.stored("a", "b", "c")
    session = desk.bind()
    assert len(desk.store.messages) == 3
    session.answer()
    session.answer()
    desk.turn()
    assert [text_of(m.pdu) for m in desk.store.messages.values()] == ["c"]
    assert desk.store.removals == [(1, 2)]
    assert desk.queue.statistics() == QueueStatistics(queued=1, delivered=2)


def test_a_queue_of_thousands_is_never_in_memory_as_a_whole() -> None:
    desk = Desk(limit=3000)
    desk.stored(*numbered(3000))
    session = desk.bind(Session(window=10))
    while session.open:
        session.answer()
        desk.turn()
    assert session.texts == numbered(3000)
    assert {limit for _, limit in desk.store.reads} == {READ_SIZE}
    # One read for each piece, and perhaps a few for what is left of the last one.
    assert len(desk.store.reads) <= 3000 // READ_SIZE * 2 + 1
    assert desk.store.messages == {}


def test_what_comes_while_it_holds_something_goes_behind() -> None:
    desk = Desk()
    desk.stored("a", "b")
    session = desk.bind(Session(window=1))
    assert desk.queue.holds
    desk.stored("c")
    for _ in range(3):
        session.answer()
        desk.turn()
    assert session.texts == ["a", "b", "c"]
    assert not desk.queue.holds


def test_it_holds_nothing_when_all_is_sent() -> None:
    """What goes to the session itself from then on is behind all of it."""
    desk = Desk()
    desk.stored("a", "b")
    desk.bind(Session(window=2))
    assert not desk.queue.holds


def test_a_session_that_does_not_receive_gets_no_messages() -> None:
    desk = Desk()
    desk.stored("a")
    assert desk.bind(Session(receives=False)).texts == []


def test_sessions_of_the_account_share_its_messages_and_other_accounts_get_none() -> None:
    desk = Desk()
    desk.stored(*numbered(6))
    first, second, other = Session(window=3), Session(window=3), Session()
    desk.acme.add(first)
    desk.acme.add(second)
    desk.bind(other, to=desk.bolt)
    desk.queues.bound(desk.acme)
    desk.turn()
    assert (len(first.texts), len(second.texts), other.texts) == (3, 3, [])
    assert sorted(first.texts + second.texts) == numbered(6)


def test_a_session_full_of_other_traffic_gets_its_share_when_it_has_room() -> None:
    """The queue gets no answer that would show it, so it looks again."""
    desk = Desk()
    session = Session()
    session.writable = False
    desk.bind(session)
    desk.stored("a")
    assert session.texts == []
    session.writable = True
    desk.turn(0.1)
    assert session.texts == ["a"]


def test_a_session_that_hangs_does_not_keep_messages_from_another() -> None:
    """Not even one that had no room when the queue looked for some."""
    desk = Desk()
    desk.stored("a", "b")
    desk.bind(Session(window=1))
    busy = Session(window=1)
    busy.outstanding.claim(Request(CommandId.DELIVER_SM, 0.0))
    desk.bind(busy)
    busy.outstanding.drain()
    desk.turn(0.1)
    assert busy.texts == ["b"]


# What the ESME answers


@pytest.mark.parametrize("status", sorted(RETRYABLE))
def test_a_message_that_is_turned_down_for_now_goes_out_again_in_its_place(status: int) -> None:
    desk = Desk()
    desk.stored(*numbered(5))
    session = desk.bind(Session(window=2))
    session.answer(status)
    session.answer()
    desk.turn()
    assert session.open == []
    assert desk.queue.holds
    desk.turn(1.0)
    assert session.open == ["m1", "m3"]
    assert desk.queue.statistics() == QueueStatistics(queued=4, delivered=1)


def test_the_retryable_answers() -> None:
    assert sorted(RETRYABLE) == [0x08, 0x14, 0x45, 0x58, 0x64, 0x67, 0xFE, 0xFF]


def test_the_pauses_double_up_to_a_minute_and_a_success_shortens_them() -> None:
    desk = Desk()
    desk.stored("a", "b")
    session = desk.bind(Session(window=1))
    for pause in (1, 2, 4, 8, 16, 32, 60, 60):
        session.answer(0x58)
        desk.turn(pause - 0.5)
        assert session.open == []
        desk.turn(0.5)
        assert session.open == ["a"]
    session.answer(OK)
    desk.turn()
    session.answer(0x58)
    desk.turn(1.0)
    assert session.texts[-2:] == ["b", "b"]


def test_many_refusals_at_once_are_one_step() -> None:
    desk = Desk()
    desk.stored(*numbered(5))
    session = desk.bind()
    for _ in range(5):
        session.answer(0x58)
    desk.turn(1.0)
    assert session.open == numbered(5)
    for _ in range(5):
        session.answer(0x58)
    desk.turn(1.9)
    assert session.open == []
    desk.turn(0.1)
    assert session.open == numbered(5)


def test_a_new_bind_ends_the_pause() -> None:
    desk = Desk()
    desk.stored("a")
    session = desk.bind()
    session.answer(0x58)
    desk.turn(1.0)
    session.answer(0x58)
    desk.turn()
    second = desk.bind()
    (at,) = [each for each in (session, second) if each.open]
    at.answer(0x58)
    desk.turn(1.0)
    assert (session.open + second.open) == ["a"]


def test_the_pause_of_one_account_is_not_another_ones() -> None:
    desk = Desk()
    desk.stored("a")
    desk.stored("b", to=desk.bolt)
    desk.bind().answer(0x58)
    desk.turn()
    assert desk.bind(to=desk.bolt).open == ["b"]


def test_what_is_refused_for_good_is_dropped_and_logged_once_a_minute() -> None:
    desk = Desk()
    desk.stored(*numbered(4))
    session = desk.bind(Session(window=1))
    with capturedLogs() as events:
        for seconds in (0.0, 60.0, 0.0):
            session.answer(0x0B)
            desk.turn(seconds)
    texts = [str(formatEvent(event)) for event in events]
    assert [text.partition("(0x0000000B)")[2] for text in texts] == [" (1 so far)", " (3 so far)"]
    assert session.open == ["m4"]
    assert desk.lost == [("acme", each, "dropped") for each in ("m1", "m2", "m3")]
    assert desk.queue.statistics() == QueueStatistics(queued=1, dropped=3)
    assert len(desk.store.messages) == 1


def test_a_generic_nack_is_no_success() -> None:
    desk = Desk()
    desk.stored("a", "b")
    session = desk.bind()
    session.answer(0x03, command_id=CommandId.GENERIC_NACK)
    session.answer(OK, command_id=CommandId.GENERIC_NACK)
    assert desk.queue.statistics() == QueueStatistics(dropped=2)


# Sessions that end


def test_what_was_unanswered_on_a_lost_session_comes_first_on_the_next() -> None:
    desk = Desk()
    desk.stored(*numbered(6))
    session = desk.bind(Session(window=4))
    session.answer(at=1)
    desk.turn()
    assert session.open == ["m1", "m3", "m4", "m5"]
    desk.lose(session)
    assert desk.bind().texts == ["m1", "m3", "m4", "m5", "m6"]


def test_another_session_takes_over_in_order() -> None:
    desk = Desk()
    desk.stored(*numbered(8))
    first, second = Session(window=2), Session(window=2)
    desk.acme.add(first)
    desk.bind(second)
    lost = first.open
    desk.lose(first)
    for _ in range(8):
        if second.open:
            second.answer()
            desk.turn()
    # Those that were on the lost session come before all that had not been sent.
    (place,) = {second.texts.index(lost[0])}
    assert second.texts[place : place + 2] == lost
    assert sorted(second.texts) == numbered(8)


def test_a_read_that_ends_after_all_sessions_ended_is_not_used() -> None:
    desk = Desk()
    desk.stored("a", "b")
    desk.store.holds_back = True
    session = desk.bind()
    desk.lose(session)
    second = desk.bind()
    desk.store.answer()
    desk.store.answer()
    desk.turn()
    assert (session.texts, second.texts) == ([], ["a", "b"])


def test_without_an_answer_in_time_it_goes_out_again_after_a_pause() -> None:
    desk = Desk()
    desk.stored("a", "b", "c")
    session = desk.bind(Session(window=2))
    desk.turn(60.0)
    session.expire(60.0)
    desk.turn(1.0)
    assert session.texts == ["a", "b", "a", "b"]


def test_an_answer_that_comes_in_the_pause_spares_the_second_time() -> None:
    desk = Desk()
    desk.stored("a", "b")
    session = desk.bind(Session(window=2))
    first, second = session.sent
    session.expire(60.0)
    session.hear(second)
    desk.turn(1.0)
    assert session.texts == ["a", "b", "a"]
    session.hear(first)
    session.answer()
    desk.turn()
    assert desk.queue.statistics() == QueueStatistics(delivered=2)
    assert desk.store.messages == {}


@pytest.mark.parametrize("kind", [ManualStore, MemoryStore])
def test_after_a_restart_nothing_is_missing(kind: type[Any]) -> None:
    clock = Clock()
    desk = Desk(clock, kind(clock) if kind is ManualStore else kind(clock, Limits()))
    desk.stored(*numbered(5))
    session = desk.bind(Session(window=3))
    session.answer(at=1)
    desk.turn()
    # The gate before was killed.
    after = Desk(desk.clock, desk.store)
    assert after.queue.statistics().queued == 4
    assert after.bind().texts == ["m1", "m3", "m4", "m5"]


# Versions


def only_new(octets: bytes, command_id: int, version: Version) -> tuple[bytes, int]:
    """Version 3.3 cannot say "b", and says "c" in capitals."""
    if version is V3_3:
        if octets.endswith(b"b"):
            raise PduError("not in the ESME's version", 0x65)
        return octets.upper(), CommandId.DATA_SM
    return octets, command_id


def test_a_message_is_adapted_to_the_session_it_is_sent_on() -> None:
    desk = Desk(to_esme=only_new)
    desk.stored("a", "b", "c")
    session = desk.bind(Session(version=V3_3))
    assert session.texts == ["A", "C"]
    assert desk.queue.statistics() == QueueStatistics(queued=2, dropped=1)
    session.hear(session.sent[0], command_id=CommandId.DATA_SM_RESP)
    desk.turn()
    assert len(desk.store.messages) == 1
    desk.lose(session)
    assert desk.bind(Session(version=V3_4)).texts == ["c"]


def test_octets_that_are_no_pdu_are_dropped() -> None:
    desk = Desk()
    desk.queue.put(desk.smsc.exchange("a"), b"rubbish")
    desk.stored("b")
    assert desk.bind().texts == ["b"]
    assert desk.queue.statistics().dropped == 1
