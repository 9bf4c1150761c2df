"""`SmppServer`: who may bind, what requests are answered, and what it sends."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from zope.interface.verify import verifyObject

from smppgate.txsmpp.codec import decode, encode
from smppgate.txsmpp.constants import CommandId, CommandStatus, Tag
from smppgate.txsmpp.errors import SessionLost
from smppgate.txsmpp.pdu import (
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    Pdu,
    QuerySm,
    SubmitSm,
    SubmitSmResp,
)
from smppgate.txsmpp.server import SmppServer, accounts
from tests.fakes import MemoryTransport, connect, outcomes
from tests.txsmpp.pairs import failure_of, frames_of, numbered
from tests.txsmpp.programs import BIND, PASSWORDS, Programs


def server(clock: Clock, authenticate: Any = None, **more: Any) -> SmppServer:
    return SmppServer(clock, authenticate or accounts(PASSWORDS), lambda _, __: None, **more)


def bound(clock: Clock, server: SmppServer, bind: Bind = BIND) -> tuple[MemoryTransport, Pdu]:
    """The test's end of a session, and the answer to its bind."""
    session = server.buildProtocol(None)
    assert session is not None
    transport = connect(clock, session)
    transport.deliver(numbered(bind, 1))
    clock.advance(0)
    (answer,) = frames_of(transport.take())
    return transport, decode(answer.octets)


def test_it_is_a_factory() -> None:
    assert verifyObject(IProtocolFactory, server(Clock()))


@pytest.mark.parametrize("kind", [BindTransmitter, BindReceiver, BindTransceiver])
def test_a_bind_is_answered_with_who_it_is(kind: Any) -> None:
    clock = Clock()
    _, answer = bound(clock, server(clock, system_id=b"alpha"), kind(**fields(BIND)))
    assert answer.command_status == 0
    assert answer.system_id == b"alpha"  # type: ignore[attr-defined]
    assert answer.tlv(Tag.SC_INTERFACE_VERSION) == 0x34


def fields(bind: Bind) -> dict[str, bytes]:
    return {"system_id": bind.system_id, "password": bind.password}


def test_an_esme_of_smpp_5_0_is_told_so() -> None:
    clock = Clock()
    _, answer = bound(clock, server(clock), BIND.replaced(interface_version=0x50))
    assert answer.tlv(Tag.SC_INTERFACE_VERSION) == 0x50


def test_an_esme_of_smpp_3_3_is_sent_no_tlv() -> None:
    clock = Clock()
    _, answer = bound(clock, server(clock), BIND.replaced(interface_version=0x33))
    assert answer.tlvs == ()


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        (b"acme", b"hidden", CommandStatus.ESME_RINVPASWD),
        (b"acme", b"", CommandStatus.ESME_RINVPASWD),
        (b"carl", b"secret", CommandStatus.ESME_RINVSYSID),
    ],
)
def test_strangers_are_refused_and_the_connection_closed(
    system_id: bytes, password: bytes, status: int
) -> None:
    clock = Clock()
    it = server(clock)
    transport, answer = bound(clock, it, BindTransceiver(system_id=system_id, password=password))
    assert answer.command_status == status
    clock.advance(0)
    assert not transport.connected
    assert it.sessions == set()


def test_a_bind_may_be_judged_later() -> None:
    """What came behind it in one read waits; an ESME that is gone by then is no trouble."""
    clock = Clock()
    judgements: list[Deferred[int]] = [Deferred(), Deferred()]
    waiting = list(judgements)
    it = server(clock, lambda bind: waiting.pop(0))
    first, second = it.buildProtocol(None), it.buildProtocol(None)
    assert first is not None
    assert second is not None
    transport, gone = connect(clock, first), connect(clock, second)
    transport.deliver(numbered(BIND, 1) + numbered(SubmitSm(), 2))
    gone.deliver(numbered(BIND, 1))
    gone.lose()
    judgements[1].callback(0)
    assert transport.take() == b""
    judgements[0].callback(0)
    clock.advance(0)
    clock.advance(0)
    answers = [frame.command_id for frame in frames_of(transport.take())]
    assert answers == [CommandId.BIND_TRANSCEIVER_RESP, CommandId.SUBMIT_SM_RESP]
    assert it.receivers(b"acme") == [first]


def test_a_bind_that_cannot_be_judged_or_read_is_refused() -> None:
    clock = Clock()

    def judge(bind: Bind) -> int:
        raise KeyError("no database")

    _, answer = bound(clock, server(clock, judge))
    assert answer.command_status == CommandStatus.ESME_RBINDFAIL
    session = server(clock).buildProtocol(None)
    assert session is not None
    transport = connect(clock, session)
    transport.deliver(b"\0\0\0\x12" + encode(BIND)[4:12] + b"\0\0\0\x01xx")
    clock.advance(0)
    (refusal,) = frames_of(transport.take())
    assert refusal.command_status == CommandStatus.ESME_RINVSYSID


def test_connections_beyond_the_limit_are_closed() -> None:
    clock = Clock()
    it = server(clock, max_sessions=2)
    sessions = [it.buildProtocol(None) for _ in range(3)]
    assert [session is None for session in sessions] == [False, False, True]


def test_requests_are_answered_as_the_program_says() -> None:
    wrong: list[Any] = [SubmitSmResp(message_id=b"x" * 65), ValueError("bug")]
    programs = Programs(replies=[SubmitSmResp(message_id=b"42"), 0x45, *wrong])
    client = programs.client()
    answers = [outcomes(client.request(SubmitSm())) for _ in range(4)]
    unknown = outcomes(client.request(QuerySm()))
    programs.turn()
    told = [answer[0].command_status for answer in answers]  # type: ignore[union-attr]
    assert told == [0, 0x45, CommandStatus.ESME_RSYSERR, CommandStatus.ESME_RSYSERR]
    assert answers[0][0].message_id == b"42"  # type: ignore[union-attr]
    assert not answers[1][0].has_body  # type: ignore[union-attr]
    assert unknown[0].command_status == CommandStatus.ESME_RINVCMDID  # type: ignore[union-attr]


def test_messages_go_to_the_sessions_of_one_account_that_receive() -> None:
    programs = Programs()
    got: list[bytes] = []
    programs.client(lambda message: got.append(message.source_addr))
    bolt = BindTransmitter(system_id=b"bolt", password=b"hidden")
    programs.client(bind=bolt)
    assert len(programs.server.sessions) == 2
    assert programs.server.receivers(b"bolt") == []
    (session,) = programs.server.receivers(b"acme")
    answered = outcomes(session.request(DeliverSm(source_addr=b"1")))
    programs.turn()
    assert (got, len(answered)) == ([b"1"], 1)


def test_all_sessions_end_in_order() -> None:
    programs = Programs()
    client = programs.client()
    session = programs.session()
    ended = outcomes(ensureDeferred(programs.server.stop()))
    # No longer to be given anything.
    assert programs.server.receivers(b"acme") == []
    assert isinstance(failure_of(outcomes(session.request(DeliverSm()))), SessionLost)
    programs.turn()
    assert ended == [None]
    assert programs.server.sessions == set()
    assert client.session is None


def test_connections_that_have_not_bound_end_too_and_the_port_is_closed() -> None:
    reactor = MemoryReactorClock()
    it = server(reactor)
    (port,) = outcomes(ensureDeferred(it.listen("tcp:2775")))
    closed: list[object] = []
    port.stopListening = lambda: closed.append(port)
    strangers = [it.buildProtocol(None) for _ in range(3)]
    transports = [connect(reactor, session) for session in strangers if session is not None]
    ended = outcomes(ensureDeferred(it.stop()))
    reactor.advance(0)
    assert ended == [None]
    assert it.sessions == set()
    assert [transport.connected for transport in transports] == [False] * 3
    assert closed == [port]


def test_a_password_is_in_no_repr() -> None:
    programs = Programs()
    programs.client()
    assert "secret" not in repr(programs.session().bound_by)
