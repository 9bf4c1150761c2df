"""SMSCs that connect by themselves and ask with outbind to be bound to."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smppgate.gate.sessions.outbind_smsc import OutbindSessionConfig
from smppgate.gate.sessions.session_slots import SessionSlots
from smppgate.settings import EsmeSettings, GateSettings
from smppgate.store import Limits, MemoryStore
from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import FrameBuffer
from smppgate.txsmpp.pdu import (
    AlertNotification,
    BindReceiver,
    DataSm,
    DeliverSm,
    EnquireLink,
    Outbind,
    SubmitSm,
    Unbind,
)
from tests.gate.configs import smsc_fields
from tests.gate.memory_gateway import End, Log, MemoryGateway, bind, smsc
from tests.txsmpp.pairs import bare, numbered

OUTBIND = numbered(Outbind(system_id=b"center", password=b"let-me"), 3)
MO = DeliverSm(source_addr=b"447700900123", destination_addr=b"1000", short_message=b"yo")


def gate_of(**more: Any) -> MemoryGateway:
    """A gate that waits for outbinds of ``alpha``, and an account that serves 1000."""
    known = {"outbind_system_id": "center", "outbind_password": "let-me"}
    alpha = smsc(outbind_listen="tcp:2776", system_type="VMA", **{**known, **more})
    acme = EsmeSettings(system_id="acme", password="secret", address_ranges=("1000",))
    return MemoryGateway(alpha, esme=(acme,), gate=GateSettings(session_init_timeout=20))


def attached(gate: MemoryGateway, octets: bytes = OUTBIND) -> End:
    """A connection that the gate has bound on."""
    end = gate.outbind(octets)
    (request,) = end.heard()
    assert request.command_id == CommandId.BIND_RECEIVER
    end.answer(request, 0, b"smsc\0")
    return end


def test_an_outbind_is_answered_with_a_bind_receiver() -> None:
    """With the credentials that the gate has for that SMSC, SMPP v3.4 §2.2.1."""
    gate = gate_of(interface_version="5.0")
    end = gate.outbind()
    assert end.heard() == []
    end.send(OUTBIND)
    (request,) = end.heard()
    assert decode(request.octets) == BindReceiver(
        sequence_number=1,
        system_id=b"gate",
        password=b"pw",
        system_type=b"VMA",
        interface_version=0x50,
    )
    end.answer(request, 0, b"smsc\0")
    assert gate.router.statistics().smsc_links == 1
    (link,) = gate.router._links
    assert link.version.name == "5.0"


def test_before_the_store_is_open_the_gate_does_not_bind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opening: Deferred[None] = Deferred()
    monkeypatch.setattr(MemoryStore, "open", lambda _: opening)
    gate = gate_of()
    end = gate.outbind(OUTBIND)
    assert end.heard() == []
    opening.callback(None)
    assert [request.command_id for request in end.heard()] == [CommandId.BIND_RECEIVER]


def test_from_then_on_it_is_a_link_for_what_the_smsc_sends() -> None:
    gate = gate_of()
    end = attached(gate)
    one = gate.esme(bind())
    one.heard()
    for pdu in (MO, DataSm(destination_addr=b"1000")):
        end.ask(pdu, 9)
        (message,) = one.heard()
        assert message.command_id == pdu.command_id
        one.answer(message, 0, b"\0")
        (answer,) = end.heard()
        assert (answer.command_status, answer.sequence_number) == (0, 9)
    end.ask(AlertNotification(source_addr=b"1", esme_addr=b"1000"), 10)
    assert [frame.command_id for frame in one.heard()] == [CommandId.ALERT_NOTIFICATION]


def test_nothing_is_submitted_on_it() -> None:
    gate = gate_of()
    end = attached(gate)
    one = gate.esme(bind())
    one.heard()
    one.ask(SubmitSm(), 5)
    gate.reactor.advance(5.0)
    assert [frame[1:3] for frame in one.heard()] == [(0x08, 5)]
    assert end.heard() == []


@pytest.mark.parametrize(
    "told",
    [
        Outbind(system_id=b"center", password=b"wrong"),
        Outbind(system_id=b"other", password=b"let-me"),
        Outbind(system_id=b"center"),
        Outbind(),
    ],
)
def test_an_outbind_with_wrong_credentials_is_closed(told: Outbind) -> None:
    gate = gate_of()
    end = gate.outbind(numbered(told, 1))
    assert end.heard() == []
    assert end.is_closed()
    assert gate.router.statistics().smsc_links == 0


@pytest.mark.parametrize("body", [b"", b"center", b"center\0let-me", b"x" * 900 + b"\0\0"])
def test_an_outbind_that_cannot_be_read_is_closed(body: bytes) -> None:
    gate = gate_of()
    header = (16 + len(body)).to_bytes(4, "big") + bare(CommandId.OUTBIND, 1)[4:]
    end = gate.outbind(header + body)
    assert end.heard() == []
    assert end.is_closed()


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"outbind_password": ""}, Outbind(system_id=b"center", password=b"anything")),
        ({"outbind_system_id": ""}, Outbind(system_id=b"anybody", password=b"let-me")),
        ({"outbind_system_id": "", "outbind_password": ""}, Outbind()),
    ],
)
def test_an_empty_system_id_or_password_accepts_any(known: dict[str, str], told: Outbind) -> None:
    gate = gate_of(**known)
    attached(gate, numbered(told, 1))
    assert gate.router.statistics().smsc_links == 1


@pytest.mark.parametrize(
    "first",
    [
        bind(),
        numbered(MO, 1),
        numbered(EnquireLink(), 1),
        numbered(Unbind(), 1),
        bare(CommandId.GENERIC_NACK, 1),
        b"GET / HTTP/1.1\r\n\r\n",
        # Longer than a PDU may be before the bind.
        (1025).to_bytes(4, "big") + CommandId.OUTBIND.to_bytes(4, "big"),
    ],
)
def test_anything_else_first_is_closed_without_an_answer(first: bytes) -> None:
    gate = gate_of()
    end = gate.outbind(first)
    assert end.heard() == []
    assert end.is_closed()
    end.transport.lose()
    assert gate.gateway.parts.smscs["alpha"].sessions() == []


def test_an_outbind_may_come_octet_by_octet() -> None:
    gate = gate_of()
    end = gate.outbind()
    for octet in OUTBIND:
        end.send(bytes([octet]))
    assert [frame.command_id for frame in end.heard()] == [CommandId.BIND_RECEIVER]


def test_what_comes_with_the_outbind_before_the_bind_is_refused() -> None:
    gate = gate_of()
    end = gate.outbind(OUTBIND + numbered(MO, 4))
    told = [frame[:3] for frame in end.heard()]
    assert (CommandId.DELIVER_SM_RESP, 0x04, 4) in told
    assert [command for command, *_ in told if command == CommandId.BIND_RECEIVER]


def test_a_second_outbind_changes_nothing() -> None:
    """It has no resp, and no second bind follows."""
    gate = gate_of()
    end = attached(gate)
    end.send(OUTBIND)
    assert end.heard() == []
    assert not end.is_closed()


def test_without_an_outbind_in_time_the_connection_is_closed() -> None:
    gate = gate_of()
    end = gate.outbind(OUTBIND[:10])
    gate.reactor.advance(19)
    assert not end.is_closed()
    gate.reactor.advance(1)
    gate.turn()
    assert end.is_closed()


def test_an_smsc_that_leaves_the_bind_unanswered_is_closed_too() -> None:
    gate = gate_of()
    end = gate.outbind(OUTBIND)
    gate.reactor.advance(20)
    gate.turn()
    assert end.is_closed()
    end.transport.lose()
    assert gate.timers_left == 0


def test_an_smsc_that_refuses_the_bind_it_asked_for_is_closed() -> None:
    gate = gate_of()
    end = gate.outbind(OUTBIND)
    with Log() as log:
        end.answer(end.heard()[0], 0x0E)
    assert end.is_closed()
    assert any("alpha outbind: bind refused" in line for line in log.lines)
    assert gate.router.statistics().smsc_links == 0


@pytest.mark.parametrize(("sessions", "most"), [(0, 10), (1, 10), (12, 12)])
def test_connections_are_limited_and_places_given_back(sessions: int, most: int) -> None:
    """At least 10: a connection that was lost unnoticed counts until its timer ends it."""
    gate = gate_of(sessions=sessions)
    ends = [gate.outbind() for _ in range(most)]
    assert not any(end.is_closed() for end in ends)
    assert gate.outbind().is_closed()
    ends[0].transport.lose()
    assert not gate.outbind().is_closed()


def test_an_smsc_may_unbind_and_come_back() -> None:
    gate = gate_of()
    end = attached(gate)
    end.ask(Unbind(), 5)
    assert [frame.command_id for frame in end.heard()] == [CommandId.UNBIND_RESP]
    assert end.is_closed()
    end.transport.lose()
    assert gate.router.statistics().smsc_links == 0
    attached(gate)
    assert gate.router.statistics().smsc_links == 1


def test_a_gate_that_stops_unbinds_there_too() -> None:
    gate = gate_of()
    end, stranger = attached(gate), gate.outbind()
    stopped = gate.gateway.stopService()
    gate.reactor.pump([0.05] * 4)
    end.unbound()
    assert stranger.is_closed()
    end.transport.lose()
    stranger.transport.lose()
    gate.reactor.pump([0.05] * 10)
    assert stopped.called
    assert gate.reactor.getDelayedCalls() == []


def test_no_password_is_in_the_log() -> None:
    """Not even where a NUL was lost, and the password is part of the name."""
    gate = gate_of(outbind_password="SECRET-1")
    lost = b"center\x01SECRET-2\0\0"
    header = (16 + len(lost)).to_bytes(4, "big") + bare(CommandId.OUTBIND, 1)[4:]
    with Log() as log:
        gate.outbind(numbered(Outbind(system_id=b"center", password=b"SECRET-3"), 1))
        gate.outbind(header + lost)
        attached(gate, numbered(Outbind(system_id=b"center", password=b"SECRET-1"), 1))
        gate.reactor.advance(1.0)
    assert sum("outbind of SMSC" in line for line in log.lines) == 2
    assert not any("SECRET" in line for line in log.lines)


def test_the_password_is_not_shown() -> None:
    """In a traceback, say."""
    config = OutbindSessionConfig(
        **smsc_fields(router=None, smsc=None),
        bind=BindReceiver(system_id=b"gate", password=b"SECRET-1"),
        system_id=b"center",
        password=b"SECRET-2",
        slots=SessionSlots(MemoryStore(Clock(), Limits()), "alpha", 0),
    )
    assert "SECRET" not in repr(config)


def test_addresses_include_the_outbind_listener() -> None:
    gate = gate_of()
    assert [port for port, *_ in gate.reactor.tcpServers] == [2775, 2776]
    assert len(gate.gateway.addresses()) == 2


def test_octets_that_begin_no_outbind_are_not_kept() -> None:
    """The first 8 octets decide."""
    gate = gate_of()
    end = gate.outbind(b"\0\0\0\x20\0\0\0")
    assert not end.is_closed()
    end.send(b"\x04" + bytes(20))
    assert end.is_closed()
    assert FrameBuffer().receive(end.transport.written) == []
