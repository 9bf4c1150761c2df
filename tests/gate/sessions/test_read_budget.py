"""A session that sends too much that no window bounds is not read for a while."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.abstract import FileDescriptor

from smppgate.gate.sessions.read_budget import (
    BURST,
    LEAST_PAUSE,
    LONGEST_PAUSE,
    ReadBudget,
    read_as_usual,
    read_less,
)
from smppgate.settings import EsmeSettings, GateSettings, PoolSettings
from smppgate.store import Found
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import header_only
from smppgate.txsmpp.pdu import EnquireLink, QuerySm, SubmitSm
from tests.gate.memory_gateway import End, Log, MemoryGateway, bind
from tests.txsmpp.pairs import numbered

RATE = 100
ENQUIRE = header_only(CommandId.ENQUIRE_LINK, 0, 1)
UNKNOWN = header_only(0x00000ABC, 0, 2)
STRAY = header_only(CommandId.DELIVER_SM_RESP, 0, 77)
OUT_OF_PLACE = header_only(CommandId.SUBMIT_SM_RESP, 0, 77)
ALERT = header_only(CommandId.ALERT_NOTIFICATION, 0, 6)


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0.0, 2.0))))
def test_over_time_no_more_than_the_rate_and_a_burst_is_read(
    reads: list[tuple[int, float]],
) -> None:
    """By a sender that waits as long as it is told."""
    budget, now, spent = ReadBudget(RATE, 0.0), 0.0, 0.0
    for count, idle in reads:
        count = min(count, RATE)  # noqa: PLW2901 - one read has no end of PDUs
        pause = budget.spend(count, now)
        assert 0.0 <= pause <= LONGEST_PAUSE
        spent += count
        now += pause + idle
        assert spent <= RATE * (BURST + now) + 1e-6 or pause == LONGEST_PAUSE


@given(st.lists(st.integers(0, 500)))
def test_a_rate_of_0_is_no_limit(counts: list[int]) -> None:
    budget = ReadBudget(0, 0.0)
    assert not any(budget.spend(count, 0.0) for count in counts)


def gate_of(rate: int = RATE, window: int = 1) -> MemoryGateway:
    """Messages are answered at once, for there is no SMSC that they could wait for."""
    return MemoryGateway(
        esme=(EsmeSettings(system_id="acme", password="secret", window=window),),
        pool=(PoolSettings(name="default", members=("alpha",), hold=0.0),),
        gate=GateSettings(refusal_rate=rate, accept_binds_without_smsc=True),
    )


def bound(gate: MemoryGateway) -> End:
    end = gate.esme(bind())
    end.heard()
    return end


@pytest.mark.parametrize(
    "pdu",
    [
        ENQUIRE,
        UNKNOWN,
        STRAY,
        OUT_OF_PLACE,
        ALERT,
        numbered(SubmitSm(), 3),
        numbered(QuerySm(message_id=b"unknown"), 4),
        header_only(CommandId.BIND_TRANSCEIVER, 0, 5),
    ],
    ids=[
        "enquire_link",
        "unknown",
        "stray",
        "misplaced",
        "alert",
        "no SMSC",
        "query",
        "second bind",
    ],
)
def test_a_flood_is_answered_and_then_not_read(pdu: bytes) -> None:
    """As long as its budget takes to come back; with one line in the log."""
    gate = gate_of()
    end = bound(gate)
    with Log() as log:
        end.send(pdu * 60)
        assert end.transport.producerState == "paused"
        assert len(end.heard()) == (0 if pdu in (STRAY, OUT_OF_PLACE, ALERT) else 60)
        end.send(ENQUIRE)
        assert end.heard() == []
        gate.reactor.advance(0.34 + LEAST_PAUSE)
        assert end.heard() == []
        gate.reactor.advance(0.02)
        assert len(end.heard()) == 1
    assert end.transport.producerState == "producing"
    assert (
        sum("ESME acme at" in line and "not read for a while" in line for line in log.lines) == 1
    )


@pytest.mark.parametrize(
    "pdu",
    [ENQUIRE, UNKNOWN, STRAY, OUT_OF_PLACE, numbered(SubmitSm(), 3)],
    ids=["enquire_link", "unknown", "stray", "misplaced", "no SMSC"],
)
def test_a_flood_of_single_pdus_costs_as_much(pdu: bytes) -> None:
    """Each comes in a read of its own, and its answer, if any, is written before the next."""
    gate = gate_of()
    end = bound(gate)
    # The bind was one of them.
    burst = int(RATE * BURST) - 1
    for _ in range(burst):
        end.send(pdu)
        assert end.transport.producerState == "producing"
    answered = end.heard()
    assert len(answered) == (0 if pdu in (STRAY, OUT_OF_PLACE) else burst)
    end.send(pdu)
    assert end.transport.producerState == "paused"
    gate.reactor.advance(LEAST_PAUSE)
    assert end.transport.producerState == "paused"
    gate.reactor.advance(0.02)
    assert end.transport.producerState == "producing"


def test_what_is_looked_up_on_disk_is_counted() -> None:
    """Its answers come in no read; the window says only how many there are at a time."""
    gate = gate_of(window=100)
    asked: list[Any] = []
    gate.router.return_paths.find = lambda _keys, go_on: asked.append(go_on)
    end = bound(gate)
    end.send(numbered(QuerySm(message_id=b"Aunknown"), 4) * 60)
    assert len(asked) == 60
    assert end.transport.producerState == "paused"
    for go_on in asked:
        go_on(Found({}))
    assert len(end.heard()) == 60
    gate.reactor.advance(1.0)
    assert end.transport.producerState == "producing"


def test_a_session_within_its_budget_is_read_on() -> None:
    """The others are, too, while one is not."""
    gate = gate_of()
    flooder, other = bound(gate), bound(gate)
    flooder.send(ENQUIRE * 60)
    for _ in range(10):
        other.send(ENQUIRE)
        assert len(other.heard()) == 1
    assert other.transport.producerState == "producing"


def test_it_can_be_switched_off() -> None:
    gate = gate_of(0)
    end = bound(gate)
    for _ in range(10):
        end.send(ENQUIRE * 100)
        assert len(end.heard()) == 100
    assert end.transport.producerState == "producing"


def test_a_full_buffer_keeps_it_unread_beyond_its_pause() -> None:
    """And the end of the pause is kept when the buffer is written first."""
    gate = gate_of()
    end = bound(gate)
    end.transport.stop_reading()
    end.send(ENQUIRE * 60)
    end.transport._protocol.pauseProducing()
    gate.reactor.advance(1.0)
    assert end.transport.producerState == "paused"
    end.transport._protocol.resumeProducing()
    assert end.transport.producerState == "producing"
    end.send(ENQUIRE * 60)
    end.transport._protocol.pauseProducing()
    end.transport._protocol.resumeProducing()
    assert end.transport.producerState == "paused"
    gate.reactor.advance(1.0)
    assert end.transport.producerState == "producing"


def test_the_end_of_the_session_ends_the_pause() -> None:
    """No timer is left."""
    gate = gate_of()
    end = bound(gate)
    before = len(gate.reactor.getDelayedCalls())
    end.send(ENQUIRE * 60)
    end.transport.lose()
    assert len(gate.reactor.getDelayedCalls()) < before


def test_relayed_requests_cost_nothing() -> None:
    """Those that an SMSC has are bounded by the window."""
    gate = gate_of()
    end = bound(gate)
    for number in range(20):
        end.ask(EnquireLink(), number)
    assert end.transport.producerState == "producing"


def test_whatever_wraps_the_socket_is_passed_by() -> None:
    """TLS and PROXY; a transport that is none of Twisted's stays as it is."""

    class Wrapper:
        transport = FileDescriptor(reactor=object())  # type: ignore[no-untyped-call]

    usual = Wrapper.transport.bufferSize
    read_less(Wrapper)
    assert Wrapper.transport.bufferSize == 4096
    read_as_usual(Wrapper)
    assert Wrapper.transport.bufferSize == usual == 65536
    for change in read_less, read_as_usual:
        change(object())
