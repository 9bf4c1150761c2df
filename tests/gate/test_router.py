"""Requests go where they belong, and their answers back to where they came from."""

from __future__ import annotations

from typing import Any, cast

import pytest
from twisted.internet.testing import StringTransport

from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.sessions.esme_factory import EsmeFactory
from smppgate.gate.sessions.link_slots import LinkSlot
from smppgate.gate.sessions.links import LinkProtocol, LinkSessionConfig
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, header_only
from smppgate.txsmpp.pdu import (
    AlertNotification,
    BindTransceiver,
    BindTransceiverResp,
    DataSm,
    Unbind,
)
from smppgate.txsmpp.sequence import MAX_SEQUENCE_NUMBER, Request
from smppgate.txsmpp.states import State
from tests.gate.configs import esme_config, smsc_fields
from tests.routing import fakes
from tests.routing.fakes import FakeSession, Gate, said

TIMEOUT = 60.0


def texts(session: FakeSession) -> list[bytes]:
    """The messages that ``session`` was given to send on."""
    return [frame.octets[-1:] for frame in session.requests]


# A request of an ESME's


def test_a_request_travels_under_a_number_of_the_links_and_is_answered_under_its_own() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link(first=500)
    request = fakes.submit(0xFFFFFFFE, b"hello")
    gate.forward(esme, request)
    (sent,) = link.requests
    assert sent.sequence_number == 500
    assert (sent.octets[:12], sent.octets[16:]) == (request.octets[:12], request.octets[16:])
    gate.answer(link, 0, b"id\0\x14\x01\x00\x02hi")
    (answer,) = esme.answers
    assert answer.sequence_number == 0xFFFFFFFE
    assert answer.octets[16:] == b"id\0\x14\x01\x00\x02hi"


def test_two_esmes_with_the_same_numbers_get_their_own_answers_in_any_order() -> None:
    gate = Gate()
    first, second, link = gate.esme(), gate.esme(gate.other), gate.link()
    for number in range(1, 5):
        gate.forward(first, fakes.submit(number, b"a"))
        gate.forward(second, fakes.submit(number, b"b"))
    for at in (6, 1, 0, 7, 3, 2, 5, 4):
        gate.answer(link, 0, link.requests[at].octets[-1:] + b"%d\0" % (at // 2 + 1), at)
    for esme, whose in ((first, b"a"), (second, b"b")):
        bodies = {frame.sequence_number: frame.octets[16:-1] for frame in esme.answers}
        assert bodies == {number: whose + b"%d" % number for number in range(1, 5)}


def test_requests_are_balanced_over_the_smscs() -> None:
    gate = Gate(weight=3)
    esme, alpha, beta = gate.esme(), gate.link(), gate.link(gate.beta)
    for number in range(8):
        gate.forward(esme, fakes.submit(number))
    assert (len(alpha.requests), len(beta.requests)) == (6, 2)


def test_over_its_window_an_esme_is_answered_0x58() -> None:
    gate = Gate()
    esme, link = gate.esme(window=2), gate.link()
    for number in (1, 2, 3):
        gate.forward(esme, fakes.submit(number))
    assert said(esme) == [(3, 0x58)]
    gate.answer(link)
    gate.forward(esme, fakes.submit(4))
    assert len(link.requests) == 3
    assert gate.router.statistics().throttled == 1


def test_a_window_is_a_sessions_own() -> None:
    gate = Gate()
    full, other, link = gate.esme(window=0), gate.esme(window=1), gate.link()
    gate.forward(full, fakes.submit())
    gate.forward(other, fakes.submit())
    assert (said(full), said(other)) == ([(1, 0x58)], [])
    assert len(link.requests) == 1


@pytest.mark.parametrize("status", [0x08, 0x58, 0x400])
def test_without_an_smsc_an_esme_is_answered_the_status_configured(status: int) -> None:
    gate = Gate(no_member_status=status)
    esme, link = gate.esme(), gate.link(window=1)
    gate.forward(esme, fakes.submit(1))
    gate.forward(esme, fakes.submit(2))
    gate.lose(link)
    gate.forward(esme, fakes.submit(3))
    assert said(esme) == [(2, status), (1, 0x08), (3, status)]
    assert esme.unanswered == 0


def test_what_is_refused_bears_the_resp_of_its_own_command() -> None:
    gate = Gate()
    esme = gate.esme()
    gate.forward(esme, fakes.frame_of(DataSm(destination_addr=b"4477"), 9))
    assert esme.answers[0][:3] == (CommandId.DATA_SM_RESP, 0x08, 9)


def test_a_link_bound_to_receive_only_gets_no_messages() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link(state=State.BOUND_RX)
    gate.forward(esme, fakes.submit())
    assert link.requests == []
    assert said(esme) == [(1, 0x08)]
    assert gate.router.statistics().smsc_links == 1


def test_an_smsc_whose_links_are_full_of_enquire_links_is_passed_over() -> None:
    """An enquire_link of the gate's own counts on a link, though it is no message."""
    gate = Gate()
    esme, beta = gate.esme(), gate.link(gate.beta)
    for link in (gate.link(window=1), gate.link(window=1)):
        link.outstanding.claim(Request(CommandId.ENQUIRE_LINK, 0.0))
    gate.forward(esme, fakes.submit(1))
    gate.forward(esme, fakes.submit(2))
    taken = sum(len(link.requests) for link in cast(list[FakeSession], gate.alpha.links))
    assert said(esme) == []
    assert taken + len(beta.requests) == 2


def test_an_exchange_stays_matched_when_numbers_begin_again() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link(first=MAX_SEQUENCE_NUMBER - 1)
    for number in range(1, 5):
        gate.forward(esme, fakes.submit(number))
    numbers = [frame.sequence_number for frame in link.requests]
    assert numbers == [MAX_SEQUENCE_NUMBER - 1, MAX_SEQUENCE_NUMBER, 1, 2]
    for at in (2, 0, 3, 1):
        gate.answer(link, 0, b"%d\0" % (at + 1), at)
    assert {f.sequence_number: f.octets[16:-1] for f in esme.answers} == {
        number: b"%d" % number for number in range(1, 5)
    }


# Another SMSC


@pytest.mark.parametrize("status", [0x08, 0x14, 0x58, 0x64])
def test_after_a_transient_error_the_request_goes_to_another_smsc(status: int) -> None:
    gate = Gate()
    esme, alpha, beta = gate.esme(), gate.link(), gate.link(gate.beta)
    gate.forward(esme, fakes.submit(7, b"x"))
    gate.answer(alpha, status)
    assert (texts(beta), esme.answers) == ([b"x"], [])
    assert (gate.alpha.outstanding, gate.beta.outstanding, esme.unanswered) == (0, 1, 1)
    gate.answer(beta, 0, b"id\0")
    assert said(esme) == [(7, 0)]
    assert gate.router.events.retried == 1


def test_it_goes_to_no_smsc_that_refused_it() -> None:
    gate = Gate()
    esme, alpha, beta = gate.esme(), gate.link(), gate.link(gate.beta)
    gate.forward(esme, fakes.submit(7))
    gate.answer(alpha, 0x58)
    gate.answer(beta, 0x14)
    assert (len(alpha.requests), len(beta.requests)) == (1, 1)
    assert said(esme) == [(7, 0x14)]
    assert esme.unanswered == 0


def test_the_refusal_is_passed_on_when_the_other_smsc_has_no_room() -> None:
    gate = Gate()
    esme, alpha = gate.esme(), gate.link()
    gate.link(gate.beta, window=0)
    gate.forward(esme, fakes.submit(7))
    gate.answer(alpha, 0x58)
    assert said(esme) == [(7, 0x58)]


@pytest.mark.parametrize("status", [0x01, 0x0B, 0x45, 0xFF, 0x400, 0xDEADBEEF])
def test_any_other_refusal_is_passed_on_untouched(status: int) -> None:
    gate = Gate()
    esme, alpha, beta = gate.esme(), gate.link(), gate.link(gate.beta)
    gate.forward(esme, fakes.submit(7))
    gate.answer(alpha, status, b"odd")
    assert beta.requests == []
    assert esme.answers == [fakes.raw(CommandId.SUBMIT_SM_RESP, status, 7, b"odd")]


def test_nothing_is_tried_again_for_an_esme_that_has_ended() -> None:
    gate = Gate()
    esme, alpha, beta = gate.esme(), gate.link(), gate.link(gate.beta)
    gate.forward(esme, fakes.submit())
    gate.lose(esme)
    gate.answer(alpha, 0x58)
    assert beta.requests == []
    assert gate.router.open_exchanges == 0


@pytest.mark.parametrize(("hold", "counted_from"), [(0.0, 0.0), (5.0, 5.0), (70.0, 50.0)])
def test_all_tries_together_have_the_time_for_one_answer_and_hold(
    hold: float, counted_from: float
) -> None:
    """It times out in front of what was sent to the other SMSC before it, and after it came in."""
    gate = Gate()
    gate.pool.hold = hold
    esme, alpha = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit())
    beta = gate.link(gate.beta)
    gate.clock.advance(49.0)
    gate.forward(esme, fakes.submit(2))
    gate.clock.advance(1.0)
    gate.answer(alpha, 0x58)
    assert sorted(r.sent_at for r in beta.outstanding.drain()) == sorted([49.0, counted_from])
    assert len(beta.requests) == 2


def test_what_is_tried_again_times_out_in_order() -> None:
    gate = Gate()
    esme, alpha = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit())
    beta = gate.link(gate.beta)
    gate.clock.advance(50.0)
    gate.forward(esme, fakes.submit(2))
    gate.answer(alpha, 0x58)
    assert beta.outstanding.oldest() == 0.0
    beta.expire(0.0)
    assert said(esme) == [(1, 0x08)]


def test_no_other_smsc_is_tried_with_less_than_a_second_left() -> None:
    gate = Gate()
    esme, alpha, beta = gate.esme(), gate.link(), gate.link(gate.beta)
    gate.beta.response_timeout = 20.0
    gate.forward(esme, fakes.submit())
    gate.clock.advance(19.5)
    gate.answer(alpha, 0x58)
    assert beta.requests == []
    assert said(esme) == [(1, 0x58)]


# No answer


def test_each_request_of_a_lost_link_is_answered_0x08_once() -> None:
    gate = Gate()
    esme, link, other = gate.esme(), gate.link(), gate.link()
    for number in range(1, 7):
        gate.forward(esme, fakes.submit(number))
    gate.lose(link)
    assert [status for _, status in said(esme)] == [0x08] * 3
    assert gate.alpha.capacity == other.window
    for at in range(3):
        gate.answer(other, at=at)
    assert sorted(number for number, _ in said(esme)) == [1, 2, 3, 4, 5, 6]
    assert gate.router.open_exchanges == 0


def test_after_the_timeout_a_late_answer_is_not_sent_on() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(7, registered_delivery=1))
    gate.clock.advance(TIMEOUT)
    link.expire(gate.now - TIMEOUT)
    gate.answer(link, 0, b"id\0")
    assert said(esme) == [(7, 0x08)]
    assert gate.router.events.late == 1
    gate.deliver(link, fakes.receipt(b"id"))
    assert len(esme.requests) == 1


def test_an_answer_given_twice_is_passed_on_once() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit())
    gate.answer(link)
    gate.answer(link)
    assert said(esme) == [(1, 0)]
    assert len(link.strays) == 1


def test_strays_are_counted() -> None:
    gate = Gate()
    gate.router.stray()
    assert gate.router.statistics().strays == 1


def test_a_generic_nack_is_an_answer_and_bears_the_number_of_the_origin() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link(first=900)
    gate.forward(esme, fakes.submit(7))
    link.hear(fakes.generic_nack(link.requests[0], 0x03), gate.now)
    assert esme.answers == [fakes.raw(CommandId.GENERIC_NACK, 0x03, 7)]


# While the gate stops


def test_a_router_that_drains_serves_those_who_are_bound() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.router.drain()
    gate.forward(esme, fakes.submit(1))
    gate.deliver(link, fakes.deliver(number=1))
    gate.answer(link)
    gate.answer(esme)
    assert (said(esme), said(link)) == ([(1, 0)], [(1, 0)])


def test_a_closed_router_takes_no_requests_and_what_is_open_is_answered() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.forward(esme, fakes.submit(1))
    gate.deliver(link, fakes.deliver(number=1))
    gate.router.close()
    gate.forward(esme, fakes.submit(2))
    assert (said(esme), said(link)) == ([(2, 0x08)], [])
    assert gate.router.open_exchanges == 2
    gate.answer(link)
    gate.answer(esme)
    assert (said(esme), said(link)) == ([(2, 0x08), (1, 0)], [(1, 0)])
    assert gate.router.open_exchanges == 0


def test_what_is_open_may_go_to_another_smsc_though_the_router_is_closed() -> None:
    gate = Gate()
    esme, alpha, beta = gate.esme(), gate.link(), gate.link(gate.beta)
    gate.forward(esme, fakes.submit(7))
    gate.router.close()
    gate.answer(alpha, 0x58)
    gate.answer(beta, 0, b"id\0")
    assert said(esme) == [(7, 0)]


# A request of an SMSC's


def test_a_message_goes_to_receivers_of_its_number_in_turn() -> None:
    gate = Gate()
    receivers = [gate.esme(), gate.esme(state=State.BOUND_RX)]
    transmitter, other, link = gate.esme(state=State.BOUND_TX), gate.esme(gate.other), gate.link()
    for number in range(4):
        gate.deliver(link, fakes.deliver(b"1000", number))
    assert [len(session.requests) for session in receivers] == [2, 2]
    assert transmitter.requests == other.requests == []


@pytest.mark.parametrize("destination", [b"1000", b"3000", b""])
def test_a_message_that_no_session_can_take_is_answered_0x64(destination: bytes) -> None:
    """No session has room, or no account serves the number."""
    gate = Gate()
    esme = gate.esme()
    esme.writable = False
    link = gate.link()
    gate.deliver(link, fakes.deliver(destination, 9))
    assert said(link) == [(9, 0x64)]
    assert link.unanswered == 0


@pytest.mark.parametrize("status", [0x64, 0x14, 0x08, 0x45])
@pytest.mark.parametrize("why", ["lost", "silent", "no room", "no account", "no path", "waiting"])
def test_an_smsc_is_told_its_status_for_all_that_cannot_be_delivered_now(
    why: str, status: int
) -> None:
    """Once; what is refused for good has a status of its own."""
    gate = Gate(tags=True, undelivered_status=status)
    esme, link = gate.esme(), gate.link()
    esme.writable = why != "no room"
    if why == "waiting":
        gate.forward(esme, fakes.submit(1))
    number = b"3000" if why in {"no account", "no path", "waiting"} else b"1000"
    if why in {"no path", "waiting"}:
        gate.deliver(link, fakes.receipt(b"unknown", number, 9))
    else:
        gate.deliver(link, fakes.deliver(number, 9))
    if why == "lost":
        gate.lose(esme)
    elif why == "silent":
        esme.expire(gate.now)
    elif why == "waiting":
        gate.router.receipts.stop()
    assert said(link) == [(9, status)]
    assert link.unanswered == 0


def test_a_malformed_message_has_a_status_of_its_own() -> None:
    gate = Gate(undelivered_status=0x14)
    link = gate.link()
    gate.deliver(link, cut(fakes.deliver(b"1000", 9), 11))
    assert said(link) == [(9, 0x0B)]


def test_an_answer_for_an_smsc_that_has_ended_goes_nowhere() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.deliver(link, fakes.deliver(number=9))
    gate.lose(link)
    again = gate.link()
    gate.answer(esme)
    assert again.answers == []
    assert gate.router.open_exchanges == 0


def cut(frame: Frame, octets: int) -> Frame:
    """``frame`` without its last octets, all the rest being as it should."""
    return fakes.raw(frame.command_id, 0, frame.sequence_number, frame.octets[16:-octets])


def test_a_body_that_ends_in_front_of_esm_class_is_refused_with_its_status() -> None:
    gate = Gate()
    link = gate.link()
    gate.deliver(link, cut(fakes.deliver(b"1000", 9), 10))
    assert said(link) == [(9, 0x43)]


def test_a_body_that_ends_within_the_destination_is_refused_too() -> None:
    gate = Gate()
    link = gate.link()
    gate.deliver(link, cut(fakes.deliver(b"1000", 9), 11))
    assert said(link) == [(9, 0x0B)]


def test_an_alert_notification_is_not_answered() -> None:
    gate = Gate()
    gate.esme()
    link = gate.link()
    gate.deliver(link, fakes.frame_of(AlertNotification(source_addr=b"1", esme_addr=b"1000")))
    assert link.answers == []
    assert gate.router.open_exchanges == 0


def test_statistics_tell_what_is_held() -> None:
    gate = Gate()
    esme, link = gate.esme(), gate.link()
    gate.submitted(esme, link)
    gate.forward(esme, fakes.submit(2))
    gate.deliver(link, fakes.deliver(b"3000"))
    held = gate.router.statistics()
    assert (held.open_exchanges, held.esme_sessions, held.smsc_links) == (1, 1, 1)
    assert (held.undeliverable, held.turned_down, held.throttled) == (1, 0, 0)
    assert (held.unmatched_receipts, held.receipts_waiting, held.shared_ids) == (0, 0, 0)
    assert (held.answered, held.failed) == (1, 0)


# Real sessions: about to end, or not reading


def real_esme(gate: Gate) -> tuple[EsmeProtocol, StringTransport]:
    factory = EsmeFactory(esme_config(gate.router), 10)
    session = cast(EsmeProtocol, factory.buildProtocol(None))
    transport = StringTransport()
    cast(Any, session).makeConnection(transport)
    bind = BindTransceiver(system_id=b"acme", password=b"secret", interface_version=0x34)
    session.dataReceived(fakes.frame_of(bind).octets)
    transport.clear()
    return session, transport


def real_link(gate: Gate, smsc: Smsc) -> tuple[LinkProtocol, StringTransport]:
    config = LinkSessionConfig(
        **smsc_fields(gate.router, smsc),
        bind=BindTransceiver(system_id=b"gate"),
        kind="transceiver",
        slot=LinkSlot(gate.store, gate.router.clock, smsc.name, 0, lambda: 0.0),
        backoff=Backoff(1.0, 60.0, lambda: 0.0),
    )
    link = LinkProtocol(config)
    transport = StringTransport()
    cast(Any, link).makeConnection(transport)
    link.flush()
    bind = Frame.of(transport.value())
    resp = BindTransceiverResp(system_id=b"smsc", sequence_number=bind.sequence_number)
    link.dataReceived(fakes.frame_of(resp, bind.sequence_number).octets)
    transport.clear()
    return link, transport


def test_an_esme_that_has_unbound_is_sent_nothing_more() -> None:
    """Between its unbind and the end of its connection."""
    gate = Gate()
    session, transport = real_esme(gate)
    gate.clock.advance(0)
    transport.clear()
    session.dataReceived(fakes.frame_of(Unbind()).octets)
    assert transport.value() == fakes.resp(fakes.frame_of(Unbind())).octets
    link = gate.link()
    gate.deliver(link, fakes.deliver(b"1000", 9))
    assert said(link) == [(9, 0x64)]


def test_a_receipt_for_an_esme_that_has_unbound_goes_to_another_of_its_account() -> None:
    gate = Gate()
    session, _ = real_esme(gate)
    link = gate.link()
    session.dataReceived(fakes.submit(registered_delivery=1).octets)
    gate.answer(link, 0, b"id\0")
    session.dataReceived(fakes.frame_of(Unbind()).octets)
    second = gate.esme()
    for number in range(4):
        gate.deliver(link, fakes.receipt(b"id", number=number))
    assert len(second.requests) == 4


def test_an_smsc_that_has_unbound_is_sent_nothing_more() -> None:
    """A request sent there would be lost; another SMSC can take it."""
    gate = Gate()
    esme, beta = gate.esme(), gate.link(gate.beta)
    link, _ = real_link(gate, gate.alpha)
    link.dataReceived(fakes.frame_of(Unbind()).octets)
    for number in range(4):
        gate.forward(esme, fakes.submit(number))
    assert len(beta.requests) == 4


def test_a_bind_of_the_gates_own_is_no_exchange() -> None:
    """bind, unbind and enquire_link end without the router."""
    gate = Gate()
    link, _ = real_link(gate, gate.alpha)
    link.dataReceived(header_only(CommandId.ENQUIRE_LINK, 0, 1))
    assert gate.router.open_exchanges == 0
    assert gate.router.statistics().smsc_links == 1


# SMSCs by name


@pytest.mark.parametrize("is_former_first", [True, False])
def test_of_two_smscs_of_one_name_the_newer_is_found(is_former_first: bool) -> None:
    """An SMSC may be back before its former links are gone, and gone again before them."""
    gate = Gate()
    router, former, newer = gate.router, gate.beta, Smsc("beta", tag=b"beta")
    assert router.smsc_named("beta") is former
    router.add_smsc(newer)
    assert router.smsc_named("beta") is newer
    if is_former_first:
        router.remove_smsc(former)
        assert router.smsc_named("beta") is newer
        router.remove_smsc(newer)
    else:
        router.remove_smsc(newer)
        router.remove_smsc(former)
    assert router.smsc_named("beta") is None
    assert router.smsc_named("alpha") is gate.alpha
