"""This process as an ESME: each request has one Deferred, fired once."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock as Reactor

from smppgate.gate.submit.local_esme import LocalEsme
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, renumbered, response
from smppgate.txsmpp.pdu import Pdu, QuerySm, SubmitSm, SubmitSmResp
from smppgate.txsmpp.states import State
from tests.routing import fakes
from tests.routing.fakes import Gate, said

MESSAGE = SubmitSm(
    source_addr=b"1",
    destination_addr=b"447700900123",
    registered_delivery=1,
    short_message=b"hello",
)


def local_esme() -> LocalEsme:
    return LocalEsme(Clock.of(Reactor()), fakes.pool())


def fired(answer: Deferred[Pdu]) -> list[Any]:
    """What ``answer`` has fired with, and whatever it fires with later."""
    results: list[Any] = []
    answer.addBoth(results.append)
    return results


def answered(frame: Frame, status: int, body: bytes = b"") -> bytes:
    return response(frame, status, body)


def test_a_request_becomes_a_frame_with_a_number_of_the_local_esme() -> None:
    origin = local_esme()
    frames = [origin.request(MESSAGE)[0] for _ in range(3)]
    assert [frame.sequence_number for frame in frames] == [1, 2, 3]
    assert all(frame.command_id == CommandId.SUBMIT_SM for frame in frames)
    assert frames[1].octets == renumbered(encode(MESSAGE), 2)


@pytest.mark.parametrize("status", [0, 0x08, 0x45, 0x12345678])
def test_the_answer_is_the_result_whatever_its_status(status: int) -> None:
    origin = local_esme()
    frame, answer = origin.request(MESSAGE)
    results = fired(answer)
    assert results == []
    origin.send(answered(frame, status, b"id-1\0"))
    assert results == [SubmitSmResp(command_status=status, sequence_number=1, message_id=b"id-1")]


def test_answers_find_their_requests_in_any_order() -> None:
    origin = local_esme()
    pairs = [origin.request(MESSAGE) for _ in range(5)]
    results = [fired(answer) for _, answer in pairs]
    for at in (3, 0, 4, 1, 2):
        origin.send(answered(pairs[at][0], 0, b"id-%d\0" % at))
    assert [result[0].message_id for result in results] == [b"id-%d" % at for at in range(5)]


def test_an_answer_given_twice_fires_once() -> None:
    origin = local_esme()
    frame, answer = origin.request(MESSAGE)
    results = fired(answer)
    origin.send(answered(frame, 0, b"id-1\0"))
    origin.send(answered(frame, 0, b"id-2\0"))
    assert [resp.message_id for resp in results] == [b"id-1"]


def test_an_answer_to_another_command_fires_nothing() -> None:
    origin = local_esme()
    results = fired(origin.request(MESSAGE)[1])
    query = fakes.frame_of(QuerySm(message_id=b"1", source_addr=b"1"))
    origin.send(answered(query, 0))
    assert results == []


def test_a_generic_nack_is_a_failure_with_its_status() -> None:
    origin = local_esme()
    frame, answer = origin.request(MESSAGE)
    results = fired(answer)
    origin.send(fakes.generic_nack(frame, 0x03).octets)
    assert [result.value.command_status for result in results] == [0x03]


def test_an_answer_that_cannot_be_decoded_is_a_failure() -> None:
    origin = local_esme()
    frame, answer = origin.request(MESSAGE)
    results = fired(answer)
    origin.send(answered(frame, 0, b"no end"))
    assert [result.type for result in results] == [PduError]


def test_a_pdu_that_cannot_be_encoded_takes_no_number() -> None:
    """No request waits for an answer that cannot come."""
    origin = local_esme()
    with pytest.raises(PduError):
        origin.request(SubmitSm(short_message=b"x" * 300))
    assert origin.request(MESSAGE)[0].sequence_number == 1


def test_a_local_esme_has_no_window_and_never_ends() -> None:
    origin = local_esme()
    origin.unanswered = 1_000_000_000
    assert origin.unanswered < origin.window
    assert not origin.has_ended


# Through the router


def asked(gate: Gate, pool: str | None = None) -> list[Any]:
    """What a request of this process's fires with."""
    results: list[Any] = []
    gate.router.request(MESSAGE, pool).addBoth(results.append)
    return results


@pytest.mark.parametrize("status", [0, 0x45, 0x58, 0x12345678])
def test_a_request_of_this_process_fires_with_the_answer(status: int) -> None:
    gate = Gate()
    link = gate.link()
    results = asked(gate)
    assert results == []
    gate.answer(link, status, b"id\0")
    gate.answer(link, 0, b"again\0")
    assert [(resp.command_status, resp.message_id) for resp in results] == [(status, b"id")]


def test_it_fires_once_with_0x08_when_the_link_is_lost() -> None:
    gate = Gate()
    link = gate.link()
    results = asked(gate)
    gate.lose(link)
    assert [resp.command_status for resp in results] == [0x08]


def test_it_fires_once_with_0x08_when_there_is_no_answer_in_time() -> None:
    gate = Gate()
    link = gate.link()
    results = asked(gate)
    link.expire(0.0)
    gate.answer(link, 0, b"late\0")
    assert [resp.command_status for resp in results] == [0x08]


def test_it_fires_at_once_when_no_smsc_can_take_it() -> None:
    assert [resp.command_status for resp in asked(Gate(no_member_status=0x400))] == [0x400]


def test_it_is_sent_to_another_smsc_after_a_transient_error() -> None:
    gate = Gate()
    alpha, beta = gate.link(), gate.link(gate.beta)
    results = asked(gate)
    gate.answer(alpha, 0x58)
    gate.answer(beta, 0, b"id\0")
    assert [resp.command_status for resp in results] == [0]


def test_it_goes_to_the_pool_that_was_asked_for() -> None:
    gate = Gate()
    alpha, beta = gate.link(), gate.link(gate.beta)
    asked(gate, "beta")
    asked(gate, "beta")
    assert (len(alpha.requests), len(beta.requests)) == (0, 2)
    with pytest.raises(KeyError):
        gate.router.request(MESSAGE, "unknown")


def test_the_next_request_may_follow_the_first_answer() -> None:
    gate = Gate()
    link = gate.link(window=1)
    results: list[Any] = []
    first = gate.router.request(MESSAGE)
    first.addCallback(lambda _: gate.router.request(MESSAGE)).addCallback(results.append)
    gate.answer(link, 0, b"1\0")
    gate.answer(link, 0, b"2\0")
    assert [resp.message_id for resp in results] == [b"2"]


def test_a_receipt_for_a_request_of_this_process_goes_to_no_account() -> None:
    """None of them sent it, the first no more than any other."""
    gate = Gate()
    sessions, link = [gate.esme(), gate.esme(gate.other)], gate.link()
    asked(gate)
    gate.answer(link, 0, b"id\0")
    gate.deliver(link, fakes.receipt(b"id", b"3000", number=9))
    assert [session.requests for session in sessions] == [[], []]
    assert said(link) == [(9, 0x64)]


def test_a_request_that_cannot_be_encoded_raises_at_once_and_leaves_nothing() -> None:
    gate = Gate()
    link = gate.link()
    with pytest.raises(PduError):
        gate.router.request(SubmitSm(short_message=b"x" * 300))
    assert link.requests == []
    assert gate.router.open_exchanges == 0


def test_link_up_fires_at_once_while_a_link_is_up() -> None:
    gate = Gate()
    gate.link()
    assert gate.router.link_up().called


def test_the_first_link_fires_every_link_up_that_waits() -> None:
    """A link that only receives does not count; later callers wait for the next link."""
    gate = Gate()
    gate.link(state=State.BOUND_RX)
    waiting = [gate.router.link_up() for _ in range(2)]
    gate.router.link_up().addErrback(lambda _: None).cancel()
    assert [waiter.called for waiter in waiting] == [False, False]
    link = gate.link()
    assert [waiter.called for waiter in waiting] == [True, True]
    gate.lose(link)
    assert not gate.router.link_up().called
