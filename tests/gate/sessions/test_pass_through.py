"""Binds that an SMSC judges, and the pairs of sessions that follow."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport

from smppgate.gate.sessions.binds import Bind
from smppgate.gate.sessions.esme_factory import EsmeFactory
from smppgate.settings import EsmeSettings, GateSettings, PoolSettings
from smppgate.store import MemoryStore
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import (
    AlertNotification,
    BindReceiver,
    BindTransceiver,
    DeliverSm,
    EnquireLink,
    QuerySm,
    SubmitSm,
    Unbind,
)
from smppgate.txsmpp.versions import V3_4
from tests.gate.configs import esme_config
from tests.gate.memory_gateway import End, Log, MemoryGateway, bind, esme, smsc
from tests.txsmpp.pairs import bare, frames_of, numbered

SUBMIT = SubmitSm(source_addr=b"1000", destination_addr=b"447700900123", short_message=b"hi")
ASKS_RECEIPT = SubmitSm(
    source_addr=b"1000", destination_addr=b"447700900123", registered_delivery=1
)
MO = DeliverSm(source_addr=b"447700900123", destination_addr=b"1000", short_message=b"yo")

REFUSALS = (0x0E, 0x0F)


def receipt(message_id: bytes) -> DeliverSm:
    """A delivery receipt in text."""
    text = b"id:" + message_id + b" sub:001 dlvrd:001 stat:DELIVRD err:000 text:"
    return DeliverSm(
        source_addr=b"447700900123", destination_addr=b"1000", esm_class=4, short_message=text
    )


def refused(gate: MemoryGateway, octets: bytes, status: int, body: bytes = b"") -> Frame:
    """A bind that its SMSC refuses, and what the ESME is answered."""
    end = gate.esme(octets)
    link = gate.smsc()
    (request,) = link.heard()
    link.answer(request, status, body)
    (answer,) = end.heard()
    assert end.is_closed()
    assert link.is_closed()
    return answer


# The bind, and its answer


def test_a_bind_goes_on_octet_for_octet_and_so_does_its_answer() -> None:
    """Odd fields and unknown TLVs too; each side has its own number."""
    gate = MemoryGateway()
    sent = bytearray(bind(b"secret", 0xFFFFFFF0, system_type=b"x", address_range=b"^44"))
    sent += b"\x15\x01\x00\x03abc"
    sent[:4] = len(sent).to_bytes(4, "big")
    end = gate.esme(bytes(sent))
    assert end.heard() == []
    link = gate.smsc()
    (request,) = link.heard()
    assert request.octets[:12] + request.octets[16:] == bytes(sent[:12] + sent[16:])
    assert request.sequence_number == 1
    link.answer(request, 0, b"an smsc's name\0\x02\x10\x00\x01\x50\x14\x00\x00\x00")
    (answer,) = end.heard()
    assert answer[:3] == (CommandId.BIND_TRANSCEIVER_RESP, 0, 0xFFFFFFF0)
    assert answer.octets[16:] == b"an smsc's name\0\x02\x10\x00\x01\x50\x14\x00\x00\x00"
    assert gate.connections == [3097]


@pytest.mark.parametrize("status", [0x0E, 0x0F, 0x0D, 0x05, 0x08, 0x58, 0x0400])
def test_a_refusal_is_the_smscs_own(status: int) -> None:
    """Its status and whatever body it has; both sessions are closed, and no place is taken."""
    gate = MemoryGateway()
    answer = refused(gate, bind(number=9), status, b"why\0")
    assert answer[:3] == (CommandId.BIND_TRANSCEIVER_RESP, status, 9)
    assert answer.octets[16:] == b"why\0"
    statistics = gate.router.statistics()
    assert (statistics.esme_sessions, statistics.smsc_links) == (0, 0)


@pytest.mark.parametrize(("status", "told"), [(0x03, 0x03), (0x00, 0x0D)])
def test_a_generic_nack_is_a_refusal_whatever_its_status(status: int, told: int) -> None:
    gate = MemoryGateway()
    end, link = gate.esme(bind(number=3)), gate.smsc()
    (request,) = link.heard()
    link.send(bare(CommandId.GENERIC_NACK, request.sequence_number, status))
    (answer,) = end.heard()
    assert answer[:3] == (CommandId.BIND_TRANSCEIVER_RESP, told, 3)
    assert end.is_closed()


def test_while_a_bind_is_judged_another_is_refused_and_enquire_link_is_answered() -> None:
    gate = MemoryGateway()
    end, link = gate.esme(bind(number=1)), gate.smsc()
    (request,) = link.heard()
    end.send(bind(number=2))
    end.ask(EnquireLink(), 3)
    answers = [frame[:3] for frame in end.heard()]
    assert answers == [
        (CommandId.BIND_TRANSCEIVER_RESP, 0x04, 2),
        (CommandId.ENQUIRE_LINK_RESP, 0, 3),
    ]
    link.answer(request, 0, b"smsc\0")
    (answer,) = end.heard()
    assert answer[:3] == (CommandId.BIND_TRANSCEIVER_RESP, 0, 1)
    assert len(gate.connections) == 1


@pytest.mark.parametrize(("octet", "name"), [(0x33, "3.3"), (0x34, "3.4"), (0x50, "5.0")])
def test_both_sessions_speak_the_version_of_the_bind(octet: int, name: str) -> None:
    gate = MemoryGateway(smsc(interface_version="3.4"))
    gate.joined(bind(interface_version=octet))
    (account,) = (gate.router.accounts.named(b"acme"),)
    (session,) = account.sessions
    (link,) = gate.gateway.parts.pass_through.sessions
    assert session.version is link.version
    assert session.version.name == name


def test_what_the_gate_itself_refuses_reaches_no_smsc() -> None:
    """An unknown name, and a kind of bind that is not allowed."""
    gate = MemoryGateway(esme=(esme(binds=("receiver",)),))
    for octets, status in ((bind(), 0x0D), (bind(system_id=b"nobody"), 0x0F)):
        (answer,) = gate.esme(octets).heard()
        assert answer.command_status == status
    assert gate.connections == []


def test_no_smsc_is_asked_before_the_store_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it sends at once, when a receiver is back, must find its way."""
    opening: Deferred[None] = Deferred()
    monkeypatch.setattr(MemoryStore, "open", lambda _: opening)
    gate = MemoryGateway()
    gone, end = gate.esme(bind()), gate.esme(bind())
    gone.transport.lose()
    assert (end.heard(), gate.connections) == ([], [])
    opening.callback(None)
    link = gate.smsc()
    (request,) = link.heard()
    link.answer(request, 0, b"smsc\0")
    assert (end.heard()[0].command_status, len(gate.connections)) == (0, 1)


def test_a_gate_that_stops_before_its_store_is_open_refuses_the_bind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opening: Deferred[None] = Deferred()
    monkeypatch.setattr(MemoryStore, "open", lambda _: opening)
    gate = MemoryGateway()
    end = gate.esme(bind())
    gate.gateway.stopService()
    assert (end.heard()[0].command_status, gate.connections) == (0x0D, [])
    opening.callback(None)


def test_a_bind_to_pass_on_needs_no_link_that_is_up() -> None:
    """Not even where other accounts' binds do."""
    gate = MemoryGateway(gate=GateSettings(accept_binds_without_smsc=False))
    gate.joined()
    assert gate.router.statistics().esme_sessions == 1


def test_without_an_smsc_to_judge_it_a_bind_is_refused() -> None:
    """A gate without targets for `PassThrough` lets no such ESME in."""
    gate = MemoryGateway()
    session: Any = EsmeFactory(esme_config(gate.router), 1).buildProtocol(None)
    transport = StringTransport()
    session.makeConnection(transport)
    session.dataReceived(bind())
    gate.turn()
    (answer,) = frames_of(transport.value())
    assert answer.command_status == 0x0D


# Refused credentials are remembered


@pytest.mark.parametrize("status", REFUSALS)
def test_refused_credentials_are_refused_again_without_the_smsc(status: int) -> None:
    """For 30 s, and whatever else is in the bind."""
    gate = MemoryGateway()
    refused(gate, bind(b"wrong"), status)
    gate.reactor.advance(29)
    end = gate.esme(bind(b"wrong", 4, system_type=b"other"))
    (answer,) = end.heard()
    assert answer[:3] == (CommandId.BIND_TRANSCEIVER_RESP, status, 4)
    assert end.is_closed()
    assert len(gate.connections) == 1
    gate.reactor.advance(1)
    refused(gate, bind(b"wrong"), status)
    assert len(gate.connections) == 2


def test_another_password_goes_to_the_smsc_at_once() -> None:
    gate = MemoryGateway()
    refused(gate, bind(b"wrong"), 0x0E)
    gate.joined(bind(b"right"))
    assert len(gate.connections) == 2


@pytest.mark.parametrize("status", [0x08, 0x0D, 0x58, 0x05])
def test_a_transient_refusal_is_not_remembered(status: int) -> None:
    gate = MemoryGateway()
    refused(gate, bind(), status)
    gate.joined()
    assert len(gate.connections) == 2


def test_a_storm_of_wrong_binds_reaches_the_smsc_once() -> None:
    """All at once, before there is any answer to remember."""
    gate = MemoryGateway(esme=(esme(max_binds=50),))
    ends = [gate.esme(bind(b"wrong")) for _ in range(50)]
    assert len(gate.connections) == 1
    link = gate.smsc()
    (request,) = link.heard()
    link.answer(request, 0x0E)
    answers = [end.heard() for end in ends]
    assert [[frame.command_status for frame in heard] for heard in answers] == [[0x0E]] * 50
    assert all(end.is_closed() for end in ends)
    assert len(gate.connections) == 1
    gate.esme(bind(b"right"))
    assert len(gate.connections) == 2


def test_once_one_is_accepted_the_others_go_together() -> None:
    gate = MemoryGateway()
    ends = [gate.esme(bind()) for _ in range(5)]
    first = gate.smsc()
    first.answer(first.heard()[0], 0, b"smsc\0")
    assert len(gate.connections) == 5
    for at in range(1, 5):
        link = gate.smsc(at)
        link.answer(link.heard()[0], 0, b"smsc\0")
    assert [[frame.command_status for frame in end.heard()] for end in ends] == [[0]] * 5
    assert gate.router.statistics().smsc_links == 5


def test_a_bind_that_waited_for_one_that_ended_goes_to_the_smsc() -> None:
    """One of the waiting binds goes to the SMSC; the others wait for its verdict."""
    gate = MemoryGateway()
    ends = [gate.esme(bind(b"wrong")) for _ in range(3)]
    ends[0].transport.lose()
    gate.turn()
    assert len(gate.connections) == 2
    link = gate.smsc()
    link.answer(link.heard()[0], 0x0E)
    assert [[frame.command_status for frame in end.heard()] for end in ends[1:]] == [[0x0E]] * 2
    assert len(gate.connections) == 2


def test_a_waiting_bind_whose_esme_ended_is_not_passed_on() -> None:
    """One of the waiting ESMEs closes its connection."""
    gate = MemoryGateway()
    first, second = gate.esme(bind()), gate.esme(bind())
    second.transport.lose()
    link = gate.smsc()
    link.answer(link.heard()[0], 0, b"smsc\0")
    assert len(first.heard()) == 1
    assert len(gate.connections) == 1
    (account,) = (gate.router.accounts.named(b"acme"),)
    assert len(account.sessions) == 1


# Which SMSC


def two_smscs(**more: Any) -> MemoryGateway:
    """One of weight 2, one of weight 1."""
    return MemoryGateway(smsc("alpha", weight=2), smsc("beta"), **more)


ALPHA, BETA = 3097, 3098


def test_binds_are_spread_by_weight() -> None:
    gate = two_smscs()
    for _ in range(6):
        gate.joined()
    assert sorted(gate.connections) == [ALPHA] * 4 + [BETA] * 2


def test_an_ended_session_gives_its_place_back() -> None:
    gate = two_smscs()
    end, _ = gate.joined()
    end.transport.lose()
    gate.turn()
    link = gate.gateway.parts.pass_through.sessions[0]
    assert link.unbinding
    gate.reactor.advance(60)
    gate.turn()
    assert gate.gateway.parts.pass_through.sessions == []
    gate.joined()
    assert gate.connections == [ALPHA, ALPHA]


def test_binds_go_to_the_pool_of_their_account() -> None:
    pools = (PoolSettings(name="a", members=("alpha",)), PoolSettings(name="b", members=("beta",)))
    gate = two_smscs(pool=pools, esme=(esme(pool="b"),))
    for _ in range(3):
        gate.joined()
    assert gate.connections == [BETA] * 3


def test_if_an_smsc_is_not_reached_the_bind_goes_to_the_next() -> None:
    gate = two_smscs()
    end = gate.esme(bind(number=5))
    gate.refuse()
    assert gate.connections == [ALPHA, BETA]
    link = gate.smsc()
    (request,) = link.heard()
    assert request.octets[16:] == bind()[16:]
    link.answer(request, 0, b"beta\0")
    (answer,) = end.heard()
    assert (answer.command_status, answer.sequence_number) == (0, 5)
    # It is asked after the others for a while.
    gate.esme(bind(b"other")).transport.lose()
    assert gate.connections[2:] == [BETA]
    gate.reactor.advance(10)
    gate.esme(bind(b"another"))
    assert gate.connections[3:] == [ALPHA]


@pytest.mark.parametrize("how", ["hangs up", "unbinds at once"])
def test_if_an_smsc_does_not_answer_the_bind_goes_to_the_next(how: str) -> None:
    gate = two_smscs()
    gate.esme(bind())
    link = gate.smsc()
    (request,) = link.heard()
    if how == "hangs up":
        link.transport.lose()
        gate.turn()
    else:
        resp = bare(CommandId.BIND_TRANSCEIVER_RESP, request.sequence_number)
        link.send(resp + bare(CommandId.UNBIND, 1))
    assert gate.connections == [ALPHA, BETA]


def test_when_no_smsc_is_reached_the_bind_is_refused_with_a_transient_status() -> None:
    """Never 0x0E or 0x0F, on which Kannel gives up for good; and it is not remembered."""
    gate = two_smscs()
    for _ in range(2):
        end = gate.esme(bind(number=5))
        gate.refuse()
        gate.refuse()
        (answer,) = end.heard()
        assert answer[:3] == (CommandId.BIND_TRANSCEIVER_RESP, 0x0D, 5)
        assert end.is_closed()
    assert len(gate.connections) == 4
    account = gate.router.accounts.named(b"acme")
    assert account.sessions == []


def test_silent_smscs_take_no_longer_than_the_esme_has() -> None:
    """Each has its share of the session_init timer, so that the ESME is answered in it."""
    gate = two_smscs(gate=GateSettings(session_init_timeout=30))
    end = gate.esme()
    gate.reactor.advance(3)
    end.send(bind())
    first = gate.smsc()
    assert len(first.heard()) == 1
    gate.reactor.advance(9.1)
    gate.turn()
    assert first.is_closed()
    # The second is not even reached.
    assert gate.connections == [ALPHA, BETA]
    gate.reactor.advance(9.1)
    gate.turn()
    (answer,) = end.heard()
    assert answer.command_status == 0x0D
    assert gate.reactor.seconds() < 30
    assert end.is_closed()


def test_an_answer_that_comes_too_late_accepts_no_bind() -> None:
    gate = MemoryGateway(gate=GateSettings(session_init_timeout=10))
    end, link = gate.esme(bind()), gate.smsc()
    (request,) = link.heard()
    gate.reactor.advance(5.1)
    link.answer(request, 0, b"smsc\0")
    assert [frame.command_status for frame in end.heard()] == [0x0D]
    assert gate.router.statistics().smsc_links == 0


# An ESME that ends while its bind is judged


@pytest.mark.parametrize("connected", [True, False])
def test_an_esme_that_ended_leaves_no_session_behind(connected: bool) -> None:
    """Whether its bind is on the way, or the connection is being made still."""
    gate = two_smscs()
    end = gate.esme(bind())
    link = gate.smsc() if connected else None
    end.transport.lose()
    gate.turn()
    if link is not None:
        assert link.is_closed()
        link.transport.lose()
    else:
        assert gate.reactor.connectors[-1].stoppedConnecting
    assert gate.gateway.parts.pass_through.sessions == []
    assert gate.connections == [ALPHA]
    account = gate.router.accounts.named(b"acme")
    assert account.sessions == []
    assert gate.timers_left == 0


def test_binds_that_are_being_judged_take_no_place() -> None:
    """Strangers with the name of an account do not keep it out."""
    gate = MemoryGateway(esme=(esme(max_binds=1),))
    strangers = [gate.esme(bind(b"guess%d" % number)) for number in range(5)]
    end, _ = gate.joined()
    assert not end.is_closed()
    assert all(stranger.heard() == [] for stranger in strangers)


def test_of_binds_judged_at_one_time_no_more_than_max_binds_are_accepted() -> None:
    """0x0D for the rest, and their session with the SMSC ends."""
    gate = MemoryGateway(esme=(esme("*", max_binds=2),))
    ends = [gate.esme(bind(b"right%d" % number)) for number in range(4)]
    links = [gate.smsc(at) for at in range(4)]
    for link in links:
        (request,) = link.heard()
        link.answer(request, 0, b"smsc\0")
    # Those that are bound are asked whether they are still there, besides.
    told = [end.heard()[0].command_status for end in ends]
    assert told == [0, 0, 0x0D, 0x0D]
    assert [link.is_closed() for link in links] == [False, False, True, True]
    (account,) = gate.router.accounts._derived.values()
    assert len(account.sessions) == 2


def test_an_smsc_judges_so_many_binds_at_one_time() -> None:
    """Another is asked, and then none; a verdict makes room."""
    smscs = (smsc("alpha", max_pending_binds=2), smsc("beta", max_pending_binds=1))
    gate = MemoryGateway(*smscs, esme=(esme(max_binds=10),))
    for number in range(3):
        assert gate.esme(bind(b"%d" % number)).heard() == []
    assert sorted(gate.connections) == [3097, 3097, 3098]
    (answer,) = gate.esme(bind(b"3")).heard()
    assert answer.command_status == 0x0D
    link = gate.smsc(0)
    link.answer(link.heard()[0], 0x08)
    assert gate.esme(bind(b"4")).heard() == []
    assert len(gate.connections) == 4


@pytest.mark.parametrize(
    ("case", "names", "accounts"),
    [
        ("exact", (b"guest", b"guest ", b"guest   "), 1),
        ("exact", (b"guest", b"Guest"), 2),
        ("fold", (b"guest", b"GUEST", b"Guest "), 1),
    ],
)
def test_names_that_an_smsc_takes_for_one_are_one_account(
    case: str, names: tuple[bytes, ...], accounts: int
) -> None:
    """Each would have max_binds of its own else. The SMSC is sent what the ESME sent."""
    gate = MemoryGateway(smsc(system_id_case=case), esme=(esme("*"),))
    for name in names:
        end = gate.esme(bind(system_id=name))
        link = gate.smsc()
        (request,) = link.heard()
        assert request.octets[16:].startswith(name + b"\0")
        link.answer(request, 0, b"smsc\0")
        assert end.heard()[0].command_status == 0
    assert len(gate.router.accounts._derived) == accounts


@pytest.mark.parametrize("name", [b"acme ", b"ACME", b"Acme  "])
def test_no_stranger_is_an_account_by_another_spelling(name: bytes) -> None:
    """An account with a password at the gate is asked for it, however its name is written."""
    accounts = (EsmeSettings(system_id="acme", password="hidden"), esme("*"))
    gate = MemoryGateway(smsc(system_id_case="fold"), esme=accounts)
    (answer,) = gate.esme(bind(system_id=name)).heard()
    assert answer.command_status == 0x0E
    assert gate.connections == []


# The two sessions together


def test_requests_go_over_the_sessions_own_connection_only() -> None:
    """Although the SMSC has a link for all other sessions."""
    esmes = (esme(), EsmeSettings(system_id="bolt", password="hidden"))
    gate = MemoryGateway(smsc(sessions=1), esme=esmes)
    shared = gate.smsc(0)
    shared.answer(shared.heard()[0], 0, b"smsc\0")
    one, own = gate.joined()
    bolt = gate.esme(bind(b"hidden", system_id=b"bolt"))
    bolt.heard()
    for number in range(3):
        one.ask(SUBMIT, number)
        bolt.ask(SUBMIT, number)
    assert (len(own.heard()), len(shared.heard())) == (3, 3)
    own.transport.lose()
    gate.turn()
    one.heard()
    one.ask(SUBMIT, 9)
    assert shared.heard() == []


def test_answers_are_translated_as_on_any_session() -> None:
    """The ESME's number and the tagged id, on its session's own connection."""
    gate = MemoryGateway()
    one, own = gate.joined()
    one.ask(SUBMIT, 77)
    (request,) = own.heard()
    own.answer(request, 0, b"abc\0")
    (answer,) = one.heard()
    assert answer[:3] == (CommandId.SUBMIT_SM_RESP, 0, 77)
    assert answer.octets[16:] == b"Aabc\0"
    one.ask(QuerySm(message_id=b"Aabc", source_addr=b"1000"), 78)
    (query,) = own.heard()
    assert query.octets[16:20] == b"abc\0"
    own.answer(query, 0, b"abc\0\0\x02\0")
    (answer,) = one.heard()
    assert answer.octets[16:21] == b"Aabc\0"


def test_a_message_on_the_connection_is_for_that_esme() -> None:
    """Whatever other sessions the account has, and whatever the destination."""
    gate = MemoryGateway()
    pairs = [gate.joined() for _ in range(3)]
    for number, (one, own) in enumerate(pairs):
        own.ask(MO, 100 + number)
        (message,) = one.heard()
        assert message.octets[16:] == numbered(MO, 1)[16:]
        one.answer(message, 0, b"\0")
        (answer,) = own.heard()
        assert answer[:3] == (CommandId.DELIVER_SM_RESP, 0, 100 + number)
        own.ask(AlertNotification(source_addr=b"1", esme_addr=b"1000"), 5)
        assert [frame.command_id for frame in one.heard()] == [CommandId.ALERT_NOTIFICATION]


def test_a_receipt_on_the_connection_has_the_id_that_the_esme_was_given() -> None:
    gate = MemoryGateway()
    one, own = gate.joined()
    one.ask(ASKS_RECEIPT, 1)
    own.answer(own.heard()[0], 0, b"abc\0")
    one.heard()
    own.ask(receipt(b"abc"), 5)
    (message,) = one.heard()
    assert b"id:Aabc sub:001" in message.octets


def test_a_receipt_that_overtakes_its_answer_waits_for_it() -> None:
    """A session of one ESME counts among those whose answers are awaited."""
    gate = MemoryGateway()
    one, own = gate.joined()
    one.ask(ASKS_RECEIPT, 1)
    (request,) = own.heard()
    own.ask(receipt(b"abc"), 5)
    assert one.heard() == []
    own.answer(request, 0, b"abc\0")
    told = [frame.command_id for frame in one.heard()]
    assert told == [CommandId.SUBMIT_SM_RESP, CommandId.DELIVER_SM]


def test_no_other_sessions_query_goes_over_the_connection() -> None:
    """The query is about a message of the same SMSC, which has no other link."""
    esmes = (esme(), EsmeSettings(system_id="bolt", password="hidden"))
    gate = MemoryGateway(smsc(sessions=1), esme=esmes)
    shared = gate.smsc(0)
    shared.answer(shared.heard()[0], 0, b"smsc\0")
    _, own = gate.joined()
    bolt = gate.esme(bind(b"hidden", system_id=b"bolt"))
    bolt.ask(SUBMIT, 1)
    shared.answer(shared.heard()[0], 0, b"abc\0")
    bolt.heard()
    shared.transport.lose()
    gate.turn()
    bolt.ask(QuerySm(message_id=b"Aabc", source_addr=b"1000"), 2)
    gate.reactor.advance(5.0)
    (answer,) = bolt.heard()
    assert answer[:2] == (CommandId.QUERY_SM_RESP, CommandStatus.ESME_RSYSERR)
    assert own.heard() == []


def test_a_receiver_receives() -> None:
    """A bind_receiver is passed through as any other."""
    gate = MemoryGateway()
    octets = numbered(BindReceiver(system_id=b"acme", password=b"secret"), 1)
    one, own = gate.joined(octets)
    own.ask(MO, 3)
    assert [frame.command_id for frame in one.heard()] == [CommandId.DELIVER_SM]


def test_each_of_the_two_sessions_has_its_own_window() -> None:
    """The account's toward the gate, the SMSC's from it."""
    gate = MemoryGateway(smsc(window=2), esme=(esme(window=3),))
    one, own = gate.joined()
    for number in range(1, 5):
        one.ask(SUBMIT, number)
    assert [frame[1:3] for frame in one.heard()] == [(0x58, 4)]
    first, _ = own.heard()
    own.answer(first, 0, b"abc\0")
    assert len(own.heard()) == 1, "what waited has the place that is free now"
    assert [frame[1:3] for frame in one.heard()] == [(0, 1)]


def test_its_smsc_session_does_not_fire_link_up() -> None:
    """`link_up` promises a link that any request can use."""
    gate = MemoryGateway()
    up: Deferred[None] = gate.router.link_up()
    gate.joined()
    assert not up.called
    up.addErrback(lambda _: None)


# A wildcard account


def test_a_wildcard_account_lets_an_smsc_judge_every_name() -> None:
    gate = MemoryGateway(esme=(esme("*", max_binds=1),))
    one, own = gate.joined(bind(system_id=b"someone"))
    other, _ = gate.joined(bind(system_id=b"other"))
    one.ask(ASKS_RECEIPT, 1)
    own.answer(own.heard()[0], 0, b"abc\0")
    one.heard()
    own.ask(receipt(b"abc"), 5)
    assert b"id:Aabc" in one.heard()[0].octets
    # Each is an account of its own, as long as it is there.
    (answer,) = gate.esme(bind(system_id=b"other")).heard()
    assert answer.command_status == 0x0D
    other.transport.lose()
    gate.turn()
    assert gate.router.accounts.named(b"other") is None
    assert gate.router.accounts.named(b"someone") is not None


def test_a_name_that_is_refused_leaves_no_account() -> None:
    gate = MemoryGateway(esme=(esme("*"),))
    refused(gate, bind(system_id=b"someone"), 0x0F)
    assert gate.router.accounts.named(b"someone") is None


# The end


def only_failed(end: End, number: int) -> None:
    """The ESME is answered ESME_RSYSERR for that request, and then unbound."""
    failed, unbind = end.heard()
    assert failed[:3] == (CommandId.SUBMIT_SM_RESP, 0x08, number)
    assert unbind.command_id == CommandId.UNBIND
    end.answer(unbind)
    assert end.is_closed()


@pytest.mark.parametrize("how", ["lost", "unbound"])
def test_when_the_smsc_session_ends_the_esme_session_ends(how: str) -> None:
    """What is outstanding fails first, and then the ESME is unbound in order."""
    gate = MemoryGateway()
    one, own = gate.joined()
    one.ask(SUBMIT, 6)
    own.heard()
    if how == "lost":
        own.transport.lose()
        gate.turn()
    else:
        own.ask(Unbind(), 1)
        assert own.heard() == []
        gate.reactor.pump([1.0] * 5)
        assert [frame.command_id for frame in own.heard()] == [CommandId.UNBIND_RESP]
    only_failed(one, 6)
    everything_is_over(gate, one, own)


@pytest.mark.parametrize("how", ["lost", "unbound"])
def test_when_the_esme_session_ends_the_smsc_session_ends(how: str) -> None:
    gate = MemoryGateway()
    one, own = gate.joined()
    own.ask(MO, 6)
    one.heard()
    if how == "lost":
        one.transport.lose()
        gate.turn()
    else:
        one.ask(Unbind(), 1)
        assert one.heard() == []
        gate.reactor.pump([1.0] * 5)
        assert [frame.command_id for frame in one.heard()] == [CommandId.UNBIND_RESP]
    failed, unbind = own.heard()
    assert failed[:3] == (CommandId.DELIVER_SM_RESP, 0x64, 6)
    assert unbind.command_id == CommandId.UNBIND
    # It may have something to say still.
    own.ask(MO, 7)
    assert own.heard()[0][:3] == (CommandId.DELIVER_SM_RESP, 0x64, 7)
    own.answer(unbind)
    assert own.is_closed()
    everything_is_over(gate, one, own)


def everything_is_over(gate: MemoryGateway, *ends: End) -> None:
    """No session, no account's place, no `Smsc` and no timer is left."""
    for end in ends:
        end.transport.lose()
    gate.turn()
    statistics = gate.router.statistics()
    assert (statistics.esme_sessions, statistics.smsc_links) == (0, 0)
    assert statistics.open_exchanges == 0
    assert gate.gateway.parts.pass_through.sessions == []
    for each in gate.router.smscs:
        assert not each.center.reserved
        assert len(each.center.smscs) == 1
    assert gate.timers_left == 0


def test_both_sessions_may_end_at_once() -> None:
    gate = MemoryGateway()
    one, own = gate.joined()
    one.ask(Unbind(), 1)
    own.transport.lose()
    gate.turn()
    everything_is_over(gate, one, own)


def test_a_peer_that_does_not_answer_the_unbind_is_closed_all_the_same() -> None:
    gate = MemoryGateway(gate=GateSettings(response_timeout=20))
    one, own = gate.joined()
    own.transport.lose()
    gate.turn()
    assert not one.is_closed()
    gate.reactor.advance(2)
    gate.turn()
    assert one.is_closed()
    everything_is_over(gate, one, own)


def test_an_unbind_of_either_waits_for_the_answers_of_the_other() -> None:
    """And then the other session is unbound too."""
    gate = MemoryGateway()
    one, own = gate.joined()
    one.ask(SUBMIT, 6)
    own.ask(Unbind(), 1)
    own.answer(own.heard()[0], 0, b"id\0")
    answer, unbind = one.heard()
    assert answer[:3] == (CommandId.SUBMIT_SM_RESP, 0, 6)
    assert unbind.command_id == CommandId.UNBIND
    assert [frame.command_id for frame in own.heard()] == [CommandId.UNBIND_RESP]
    one.answer(unbind)
    everything_is_over(gate, one, own)


def test_each_of_the_two_sessions_has_its_own_enquire_links() -> None:
    gate = MemoryGateway(smsc(enquire_link=10), gate=GateSettings(enquire_link=25))
    one, own = gate.joined()
    gate.reactor.advance(10)
    (asked,) = own.heard()
    assert asked.command_id == CommandId.ENQUIRE_LINK
    assert one.heard() == []
    own.answer(asked)
    gate.reactor.advance(9)
    gate.reactor.advance(6)
    assert [frame.command_id for frame in one.heard()] == [CommandId.ENQUIRE_LINK]


def test_a_gate_that_stops_ends_them_in_order() -> None:
    """What is outstanding is answered, then the ESME's side ends, then the SMSC's."""
    gate = MemoryGateway()
    one, own = gate.joined()
    waiting = gate.esme(bind(b"other"))
    one.ask(SUBMIT, 6)
    (request,) = own.heard()
    stopped = gate.gateway.stopService()
    # A bind that has no answer yet is refused at once.
    assert [frame.command_status for frame in waiting.heard()] == [0x0D]
    gate.reactor.pump([0.05] * 4)
    assert own.heard() == []
    (unbind,) = one.heard()
    one.answer(unbind)
    assert not one.is_closed()
    own.answer(request, 0, b"abc\0")
    assert [frame.command_id for frame in one.heard()] == [CommandId.SUBMIT_SM_RESP]
    assert one.is_closed()
    one.transport.lose()
    gate.reactor.pump([0.05] * 4)
    own.unbound()
    own.transport.lose()
    gate.reactor.pump([0.05] * 10)
    assert stopped.called
    everything_is_over(gate, one, own)
    assert gate.reactor.getDelayedCalls() == []


def test_an_esme_that_ends_while_the_gate_stops_does_not_cut_its_smsc_session() -> None:
    """The SMSC session is being unbound already and has its time to answer."""
    gate = MemoryGateway()
    one, own = gate.joined()
    gate.gateway.stopService()
    gate.reactor.pump([0.05] * 4)
    one.transport.lose()
    gate.turn()
    own.unbound()


def test_no_password_is_in_the_log() -> None:
    """Whatever becomes of the bind."""
    gate = two_smscs()
    with Log() as log:
        refused(gate, bind(b"SECRET"), 0x0E)
        gate.esme(bind(b"SECRET"))
        gate.esme(bind(b"SECRET-2"))
        gate.refuse()
        gate.refuse()
        one, _ = gate.joined(bind(b"SECRET-3"))
        one.transport.lose()
        gate.turn()
    assert any("refused" in line for line in log.lines)
    assert any("not" in line or "no answer" in line for line in log.lines)
    assert not any("SECRET" in line for line in log.lines)


def test_the_log_names_the_esme_and_its_smsc() -> None:
    gate = MemoryGateway()
    with Log() as log:
        gate.joined()
    assert any("SMSC alpha for acme bound at" in line for line in log.lines)
    assert any("ESME acme bound as transceiver" in line for line in log.lines)


def test_a_bind_is_not_shown() -> None:
    """In a traceback, say."""
    frame = Frame.of(numbered(BindTransceiver(system_id=b"acme", password=b"SECRET"), 1))
    account: Any = None
    assert "SECRET" not in repr(Bind(frame, account, b"SECRET", V3_4, (), 0, 0))


def test_a_reload_while_a_bind_is_judged_takes_no_place_of_the_smsc_for_good() -> None:
    gate = MemoryGateway(smsc("alpha", max_pending_binds=1))
    settings = gate.gateway.settings
    end = gate.esme(bind())
    link = gate.smsc()
    (request,) = link.heard()
    gate.gateway.reload(evolve(settings, smsc=(smsc("alpha", max_pending_binds=1, window=7),)))
    gate.turn()
    link.answer(request, 0, b"smsc\0")
    assert [frame.command_status for frame in end.heard()] == [0]
    (target,) = gate.gateway.parts.pass_through.targets.values()
    assert (target.pending, len(target.sessions)) == (0, 1)
    gate.joined()


def test_an_smsc_that_was_removed_while_another_was_asked_is_asked_no_more() -> None:
    gate = two_smscs()
    end = gate.esme(bind())
    assert gate.connections == [ALPHA]
    gate.gateway.parts.pass_through.remove_target(
        next(each for each in gate.gateway.parts.pass_through.targets if each.name == "beta")
    )
    gate.refuse()
    assert gate.connections == [ALPHA]
    (answer,) = end.heard()
    assert answer.command_status == CommandStatus.ESME_RBINDFAIL
