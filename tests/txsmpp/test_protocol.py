"""A session on a transport: binds, requests and their answers, batches, flow control."""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import (
    BindRefused,
    Nacked,
    PduError,
    RequestTimeout,
    SessionLost,
    StateError,
)
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import (
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    Outbind,
    Pdu,
    QuerySm,
    SubmitSmResp,
)
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.states import Role, State
from tests.fakes import connect, outcomes
from tests.txsmpp.pairs import (
    DELIVER,
    SUBMIT,
    UNLIMITED,
    Recorder,
    bare,
    bind_of,
    bound_esme,
    bound_smsc,
    failure_of,
    frames_of,
    numbered,
    pair,
    resp,
    resp_of,
    run,
    sent,
)

# Setting up


def test_the_socket_is_set_up() -> None:
    """TCP_NODELAY, or a message at window 1 takes 40 ms; keepalive; and flow control."""
    clock = Clock()
    smsc = Recorder(Role.SMSC, clock)
    transport = connect(clock, smsc)
    assert transport.no_delay
    assert transport.keep_alive
    # Not before something was read: TLS pauses its producer while it shakes hands.
    assert transport.producer is None
    transport.deliver(bare(CommandId.ENQUIRE_LINK, 1))
    assert transport.producer is smsc
    assert transport.streaming is True


# Binding


@pytest.mark.parametrize("state", [State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX])
def test_two_protocols_bind_talk_and_unbind(state: State) -> None:
    """An ESME and an SMSC in memory, for each kind of bind."""
    clock = Clock()
    esme, smsc, _ = pair(clock)
    run(clock, esme.bind(bind_of(state)))
    assert (esme.session.state, smsc.session.state) == (state, state)
    asked: list[tuple[list[Pdu | Failure], list[Frame], type[Pdu]]] = []
    if esme.session.submits:
        asked.append((outcomes(esme.request(SUBMIT)), smsc.requests, SubmitSmResp))
    if esme.session.receives:
        asked.append((outcomes(smsc.request(DELIVER)), esme.requests, DeliverSmResp))
    clock.advance(0)
    assert asked
    for seen, requests, kind in asked:
        assert [type(one) for one in seen] == [kind]
        assert len(requests) == 1
    run(clock, esme.unbind("enough"))
    assert len(esme.endings) == len(smsc.endings) == 1
    assert smsc.endings == ["unbound by the peer"]
    assert clock.getDelayedCalls() == []


def test_an_smsc_may_unbind() -> None:
    """Both ends come to the same end."""
    clock = Clock()
    esme, smsc, _ = pair(clock)
    run(clock, esme.bind(bind_of(State.BOUND_TRX)))
    run(clock, smsc.unbind())
    assert esme.endings == ["unbound by the peer"]
    assert len(smsc.endings) == 1
    assert {esme.session.state, smsc.session.state} == {State.CLOSED}
    assert clock.getDelayedCalls() == []


def test_both_may_unbind_at_once() -> None:
    """The unbinds cross; neither end waits for anything."""
    clock = Clock()
    esme, smsc, _ = pair(clock)
    run(clock, esme.bind(bind_of(State.BOUND_TRX)))
    ended = [outcomes(ensureDeferred(end.unbind())) for end in (esme, smsc)]
    clock.advance(0)
    assert ended == [[None], [None]]
    assert clock.getDelayedCalls() == []


def test_a_refused_bind_is_an_error_with_its_status() -> None:
    """The session stays open, for another try or to be closed."""
    clock = Clock()
    esme, smsc, _ = pair(clock)
    smsc.bind_status = 0x0E
    with pytest.raises(BindRefused, match="0x0000000E") as caught:
        run(clock, esme.bind(bind_of(State.BOUND_TX)))
    assert caught.value.command_status == 0x0E
    assert "secret" not in str(caught.value)
    assert esme.session.state is State.OPEN
    smsc.bind_status = 0
    run(clock, esme.bind(bind_of(State.BOUND_TX)))
    assert esme.session.is_bound


@pytest.mark.parametrize("status", [0x03, 0x00])
def test_a_bind_answered_with_a_generic_nack_is_refused(status: int) -> None:
    """Whatever its status says: the session is not bound."""
    clock = Clock()
    esme = Recorder(Role.ESME, clock)
    transport = connect(clock, esme)
    bound = outcomes(ensureDeferred(esme.bind(bind_of(State.BOUND_TX))))
    [bind] = sent(transport, clock)
    transport.deliver(bare(CommandId.GENERIC_NACK, bind.sequence_number, status))
    assert not esme.session.is_bound
    [failure] = bound
    assert isinstance(failure, Failure)
    assert failure.check(BindRefused)


def test_a_bind_without_an_answer_is_no_bind() -> None:
    """SessionLost when the peer hangs up, RequestTimeout when it says nothing."""
    clock = Clock()
    esme, silent = Recorder(Role.ESME, clock), Recorder(Role.ESME, clock)
    transport = connect(clock, esme)
    connect(clock, silent)
    lost = outcomes(ensureDeferred(esme.bind(bind_of(State.BOUND_TX))))
    late = outcomes(ensureDeferred(silent.bind(bind_of(State.BOUND_TX))))
    transport.lose()
    assert isinstance(lost[0], Failure)
    assert lost[0].check(SessionLost)
    clock.advance(60)
    assert isinstance(late[0], Failure)
    assert late[0].check(RequestTimeout)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_bind_that_is_undone_at_once_was_not_refused(count: int) -> None:
    """A bind_resp, requests and an unbind in one read: it was bound, and answers the requests."""
    clock = Clock()
    esme = Recorder(Role.ESME, clock)
    transport = connect(clock, esme)
    bound = outcomes(ensureDeferred(esme.bind(bind_of(State.BOUND_TRX))))
    [bind] = sent(transport, clock)
    requests = [numbered(DeliverSm(source_addr=b"1"), number) for number in range(1, count + 1)]
    unbind = bare(CommandId.UNBIND, 99)
    transport.deliver(resp_of(bind.command_id, bind.sequence_number) + b"".join(requests) + unbind)
    assert bound == [None]
    assert esme.unbinding
    assert [frame.command_id for frame in sent(transport, clock)] == [
        *[CommandId.DELIVER_SM_RESP] * count,
        CommandId.UNBIND_RESP,
    ]


@pytest.mark.parametrize("status", [0x00, 0x0E])
def test_a_bind_may_be_sent_octet_for_octet(status: int) -> None:
    """Under a number of the session's; its answer comes back as it is, whatever it says."""
    clock = Clock()
    esme = Recorder(Role.ESME, clock)
    transport = connect(clock, esme)
    octets = numbered(bind_of(State.BOUND_TX), 0x7F000000) + b"\x14\x00\x00\x01x"
    octets = len(octets).to_bytes(4, "big") + octets[4:]
    seen = outcomes(ensureDeferred(esme.bind_with(octets)))
    [bind] = sent(transport, clock)
    assert (bind.sequence_number, bind.octets[16:]) == (1, octets[16:])
    # No body that could be decoded.
    answer = response(bind, status, b"no end")
    transport.deliver(answer)
    [given] = seen
    assert isinstance(given, Frame)
    assert given.octets == answer
    assert esme.session.is_bound is (status == 0)


def test_a_bind_sent_octet_for_octet_needs_an_answer() -> None:
    """SessionLost when the peer hangs up."""
    clock = Clock()
    esme = Recorder(Role.ESME, clock)
    transport = connect(clock, esme)
    seen = outcomes(ensureDeferred(esme.bind_with(numbered(bind_of(State.BOUND_TX), 1))))
    transport.lose()
    assert isinstance(failure_of(seen), SessionLost)


def test_a_session_bound_octet_for_octet_is_watched_as_any_other() -> None:
    """It is asked for a sign of life, and not closed for want of a bind."""
    clock = Clock()
    timers = evolve(UNLIMITED, session_init=300, enquire_link=10)
    esme = Recorder(Role.ESME, clock, timers)
    transport = connect(clock, esme)
    outcomes(ensureDeferred(esme.bind_with(numbered(bind_of(State.BOUND_TX), 1))))
    [bind] = sent(transport, clock)
    transport.deliver(resp_of(bind.command_id, bind.sequence_number))
    clock.advance(10)
    assert [frame.command_id for frame in sent(transport, clock)] == [CommandId.ENQUIRE_LINK]


def test_binds_are_refused_unless_somebody_takes_them() -> None:
    """The protocol by itself admits nobody: ESME_RBINDFAIL."""
    clock = Clock()
    protocol = SmppProtocol(Role.SMSC, clock)
    transport = connect(clock, protocol)
    transport.deliver(numbered(bind_of(State.BOUND_TX), 5))
    [answer] = sent(transport, clock)
    assert answer[:3] == (CommandId.BIND_TRANSMITTER_RESP, 0x0D, 5)


def test_requests_are_refused_unless_somebody_takes_them() -> None:
    """ESME_RINVCMDID in their own resp; what has no resp gets none."""
    clock = Clock()
    protocol = SmppProtocol(Role.ESME, clock, UNLIMITED)
    transport = connect(clock, protocol)
    outcomes(ensureDeferred(protocol.bind(bind_of(State.BOUND_RX))))
    transport.deliver(resp_of(CommandId.BIND_RECEIVER, 1))
    sent(transport, clock)
    transport.deliver(numbered(DELIVER, 5) + bare(CommandId.ALERT_NOTIFICATION, 6))
    [answer] = sent(transport, clock)
    assert answer[:3] == (CommandId.DELIVER_SM_RESP, 0x03, 5)


def test_a_bind_may_be_answered_later() -> None:
    """The account may have to be looked up; one bind_resp then."""
    clock = Clock()
    esme, smsc, _ = pair(clock)
    smsc.bind_status = None
    bound = outcomes(ensureDeferred(esme.bind(bind_of(State.BOUND_TRX))))
    clock.advance(3)
    assert bound == []
    smsc.answer_bind(smsc.binds[0], 0, b"smsc\0")
    clock.advance(0)
    assert len(bound) == 1
    assert esme.session.is_bound
    assert smsc.session.is_bound


def test_a_session_that_is_gone_cannot_be_bound() -> None:
    """The answer to a bind comes too late to admit anybody."""
    clock = Clock()
    smsc = Recorder(Role.SMSC, clock, UNLIMITED)
    smsc.bind_status = None
    transport = connect(clock, smsc)
    transport.deliver(numbered(bind_of(State.BOUND_TRX), 1))
    transport.lose()
    outcomes(ensureDeferred(answer_later(smsc)))
    assert not smsc.session.is_bound
    assert smsc.session.state is State.CLOSED


async def answer_later(smsc: Recorder) -> None:
    """May raise: the owner's own mistake is told to it."""
    smsc.answer_bind(smsc.binds[0], 0, b"smsc\0")


# Requests


def test_a_request_fires_with_its_resp() -> None:
    """Decoded, whatever its status; answers may come in any order."""
    clock = Clock()
    esme, transport = bound_esme(clock)
    answers = [outcomes(esme.request(SUBMIT)) for _ in range(3)]
    requests = sent(transport, clock)
    assert [frame.command_id for frame in requests] == [CommandId.SUBMIT_SM] * 3
    for request, status in zip(reversed(requests), (0, 0x58, 0x0400), strict=True):
        transport.deliver(resp(request, status))
    statuses = [seen[0].command_status for seen in answers if isinstance(seen[0], SubmitSmResp)]
    assert statuses == [0x0400, 0x58, 0]


def test_a_generic_nack_is_an_error_with_its_status() -> None:
    """The caller, who is promised a submit_sm_resp, gets none."""
    clock = Clock()
    esme, transport = bound_esme(clock)
    seen = outcomes(esme.request(SUBMIT))
    [request] = sent(transport, clock)
    transport.deliver(bare(CommandId.GENERIC_NACK, request.sequence_number, 3))
    error = failure_of(seen)
    assert isinstance(error, Nacked)
    assert error.command_status == 3


def test_an_enquire_link_of_the_callers_is_answered_too() -> None:
    """The session's own are its own business, but this Deferred somebody waits for."""
    clock = Clock()
    esme, transport = bound_esme(clock)
    seen = outcomes(esme.request(EnquireLink()))
    [request] = sent(transport, clock)
    transport.deliver(resp_of(CommandId.ENQUIRE_LINK, request.sequence_number))
    assert len(seen) == 1
    assert isinstance(seen[0], EnquireLinkResp)


def test_a_resp_that_cannot_be_decoded_fails_the_request() -> None:
    """The message_id runs to the end without its NUL."""
    clock = Clock()
    esme, transport = bound_esme(clock)
    seen = outcomes(esme.request(SUBMIT))
    [request] = sent(transport, clock)
    good = resp(request)
    length = (len(good) - 1).to_bytes(4, "big")
    transport.deliver(length + good[4:-1])
    assert isinstance(failure_of(seen), PduError)
    assert esme.session.close_reason is None


@pytest.mark.parametrize(("state", "by_esme"), [(State.BOUND_RX, True), (State.BOUND_TX, False)])
def test_what_may_not_be_asked_now_is_answered_all_the_same(state: State, by_esme: bool) -> None:
    """The peer refuses it with 0x04 in a resp; or this end knows better before it is sent."""
    clock = Clock()
    esme, smsc, _ = pair(clock)
    run(clock, esme.bind(bind_of(state)))
    seen = outcomes(esme.request(SUBMIT) if by_esme else smsc.request(DELIVER))
    clock.advance(0)
    [answer] = seen
    if isinstance(answer, Failure):
        assert answer.check(StateError)
    else:
        assert answer.command_status == 0x04


def test_a_stray_resp_answers_nobody() -> None:
    """One given twice, one never asked for: told to the owner, and that is all."""
    clock = Clock()
    esme, transport = bound_esme(clock)
    seen = outcomes(esme.request(SUBMIT))
    [request] = sent(transport, clock)
    transport.deliver(resp(request) * 2 + resp_of(CommandId.SUBMIT_SM, 99))
    assert len(seen) == 1
    assert [stray.sequence_number for stray in esme.strays] == [request.sequence_number, 99]
    assert sent(transport, clock) == []


def test_a_caller_may_give_up_on_a_request() -> None:
    """A Deferred that was cancelled is not fired again."""
    clock = Clock()
    esme, transport = bound_esme(clock)
    cancelled: Deferred[Pdu] = esme.request(SUBMIT)
    seen = outcomes(cancelled)
    cancelled.cancel()
    assert isinstance(failure_of(seen), CancelledError)
    [request] = sent(transport, clock)
    transport.deliver(resp(request))
    assert len(seen) == 1


def test_requests_made_on_an_answer_go_out_with_the_read() -> None:
    """The belt of a caller that sends as soon as it may: one read, one write."""
    clock = Clock()
    esme, transport = bound_esme(clock)
    for _ in range(3):
        esme.request(SUBMIT).addCallback(lambda _: outcomes(esme.request(SUBMIT)))
    requests = sent(transport, clock)
    transport.deliver(b"".join(resp(request) for request in requests))
    assert len(transport.writes) == 1
    assert len(frames_of(transport.take())) == 3


def test_a_pdu_that_has_no_octets_sends_nothing() -> None:
    """The error is told, and no number is taken."""
    clock = Clock()
    esme, transport = bound_esme(clock)
    with pytest.raises(PduError):
        esme.request(QuerySm(message_id=b"x" * 100))
    assert sent(transport, clock) == []
    assert len(esme.session.outstanding) == 0


# Batches


def test_one_read_is_one_write() -> None:
    """A hundred PDUs of all sorts in one segment; every answer in one piece."""
    clock = Clock()
    smsc, transport = bound_smsc(clock)
    kinds = [bare(CommandId.ENQUIRE_LINK), numbered(SUBMIT, 1), bare(0x0A), bare(0x05)]
    transport.deliver(b"".join(kinds * 25))
    assert len(transport.writes) == 1
    answers = frames_of(transport.take())
    assert len(answers) == 100
    assert len(smsc.requests) == 25
    assert len(clock.getDelayedCalls()) == 1


def test_one_octet_at_a_time_is_the_same_session() -> None:
    """Slower, with the same answers."""
    clock = Clock()
    _, transport = bound_smsc(clock)
    stream = numbered(SUBMIT, 2) + bare(CommandId.ENQUIRE_LINK, 3) + bare(CommandId.UNBIND, 4)
    for octet in stream:
        transport.deliver(bytes([octet]))
    answers = [
        (frame.command_id & 0xFF, frame.sequence_number) for frame in sent(transport, clock)
    ]
    assert answers == [(4, 2), (0x15, 3), (6, 4)]
    assert transport.disconnecting


def test_what_stood_before_an_unbind_is_answered_before_it() -> None:
    """Who reads the unbind_resp may close, and would not see what comes after it."""
    clock = Clock()
    _, transport = bound_smsc(clock)
    transport.deliver(numbered(SUBMIT, 2) + bare(CommandId.UNBIND, 3))
    answers = [frame.command_id for frame in sent(transport, clock)]
    assert answers == [CommandId.SUBMIT_SM_RESP, CommandId.UNBIND_RESP]


def test_sessions_that_share_a_batch_are_written_to_once_each() -> None:
    """A read on one that makes work for the other."""
    clock = Clock()
    batch = Batch(clock)
    first, second = bound_smsc(clock), bound_smsc(clock)
    for smsc, _ in (first, second):
        smsc.batch = batch
    (smsc, transport), (other, other_transport) = first, second
    smsc.answers_requests = False
    smsc.requestReceived = lambda frame, now: other.send(frame.octets)  # type: ignore[method-assign]
    transport.deliver(numbered(SUBMIT, 1) * 10)
    assert transport.writes == []
    assert other_transport.writes == [numbered(SUBMIT, 1) * 10]


def test_what_is_sent_outside_a_read_is_written_in_the_next_turn() -> None:
    """In one piece."""
    clock = Clock()
    esme, transport = bound_esme(clock)
    for _ in range(5):
        outcomes(esme.request(SUBMIT))
    assert transport.writes == []
    clock.advance(0)
    assert len(transport.writes) == 1
    assert len(frames_of(transport.take())) == 5


# Flow control


def test_a_peer_that_does_not_read_is_not_read() -> None:
    """Else answers to it pile up; reading goes on when it does."""
    clock = Clock()
    smsc, transport = bound_smsc(clock, buffer_size=100)
    transport.stop_reading()
    transport.deliver(numbered(SUBMIT, 1) * 20)
    assert not smsc.writable
    assert transport.producerState == "paused"
    transport.deliver(numbered(SUBMIT, 1))
    assert len(smsc.requests) == 20


def test_a_peer_that_reads_again_is_read_again() -> None:
    """Beginning with what it sent in the meantime."""
    clock = Clock()
    smsc, transport = bound_smsc(clock, buffer_size=100)
    transport.stop_reading()
    transport.deliver(numbered(SUBMIT, 1) * 20)
    transport.deliver(numbered(SUBMIT, 1))
    transport.start_reading()
    clock.advance(0)
    assert smsc.writable
    assert transport.producerState == "producing"
    assert len(smsc.requests) == 21


def test_a_connection_lost_while_it_is_full_ends_like_any_other() -> None:
    """No timer is left, and nothing is read on."""
    clock = Clock()
    smsc, transport = bound_smsc(clock, buffer_size=100)
    transport.stop_reading()
    transport.deliver(numbered(SUBMIT, 1) * 20)
    transport.lose()
    assert not smsc.writable
    assert len(smsc.endings) == 1
    assert clock.getDelayedCalls() == []


def test_one_that_never_reads_is_dropped_in_the_end() -> None:
    """Its enquire_link cannot be answered, as it is not read either."""
    clock = Clock()
    timers = evolve(UNLIMITED, session_init=5, enquire_link=5, enquire_link_timeout=5)
    smsc, transport = bound_smsc(clock, timers, buffer_size=100)
    transport.stop_reading()
    transport.deliver(numbered(SUBMIT, 1) * 20)
    clock.pump([1] * 12)
    assert transport.is_cut()
    assert len(smsc.endings) == 1


def test_an_smsc_asks_by_outbind_and_the_esme_binds() -> None:
    """Under a number of its own, and at once."""
    clock = Clock()
    smsc = Recorder(Role.SMSC, clock)
    transport = connect(clock, smsc)
    outbind = Outbind(system_id=b"smsc", password=b"pw")
    smsc.outbind(outbind)
    clock.advance(0)
    assert transport.take() == numbered(outbind, 1)
    transport.deliver(numbered(bind_of(State.BOUND_RX), 1))
    assert smsc.session.state is State.BOUND_RX
    with pytest.raises(StateError):
        smsc.outbind(Outbind())


def test_passwords_do_not_show() -> None:
    """Neither in what a bind shows of itself nor in what a session does."""
    clock = Clock()
    esme, _ = bound_esme(clock)
    assert "secret" not in repr(bind_of(State.BOUND_TX))
    assert "secret" not in repr(esme.session)
