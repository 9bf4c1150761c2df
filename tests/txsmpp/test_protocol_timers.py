"""What a protocol does as time passes."""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.internet.task import Clock

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import (
    RequestTimeout,
)
from smppgate.txsmpp.frame import header_only
from smppgate.txsmpp.pdu import SubmitSmResp
from smppgate.txsmpp.states import Role, State
from tests.fakes import connect, outcomes
from tests.txsmpp.pairs import (
    DELIVER,
    SUBMIT,
    UNLIMITED,
    Kept,
    PatientClock,
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


def test_a_request_not_answered_in_time_fails_once() -> None:
    """The late answer is nobody's, and no stray either."""
    clock = Clock()
    esme, transport = bound_esme(clock)
    seen = outcomes(esme.request(SUBMIT))
    [request] = sent(transport, clock)
    clock.advance(59.9)
    assert seen == []
    clock.advance(0.2)
    assert isinstance(failure_of(seen), RequestTimeout)
    transport.deliver(resp(request))
    assert len(seen) == 1
    assert esme.strays == []
    transport.deliver(resp(request))
    assert len(esme.strays) == 1


@pytest.mark.parametrize("started", [0.1, 0.3, 1 / 3, 1e9 + 0.1])
def test_a_timeout_is_seen_at_its_own_moment(started: float) -> None:
    """However the sum of two floats is rounded; a timer set to then must not find nothing."""
    clock = PatientClock()
    clock.advance(started)
    esme, transport = bound_esme(clock)
    request = Kept(CommandId.SUBMIT_SM, clock.seconds())
    esme.send_request(request, encode(SUBMIT))
    sent(transport, clock)
    for _ in range(3):
        clock.advance(clock.getDelayedCalls()[0].getTime() - clock.seconds())
        if request.told:
            break
    assert len(request.told) == 1
    assert clock.seconds() == pytest.approx(started + 60, abs=0.01)


def test_a_timeout_comes_in_time_whatever_was_sent_before_it() -> None:
    """A resp in the same batch, ahead of the request, changes nothing about it."""
    clock = Clock()
    smsc, _ = bound_smsc(clock, evolve(UNLIMITED, response=10))
    smsc.send(resp_of(CommandId.SUBMIT_SM, 1))
    seen = outcomes(smsc.request(DELIVER))
    clock.pump([1] * 11)
    assert isinstance(failure_of(seen), RequestTimeout)


def test_each_request_has_its_own_time() -> None:
    """Sent at different times, or answered in between: one timer serves them all."""
    clock = Clock()
    esme, transport = bound_esme(clock, evolve(UNLIMITED, response=10))
    first = outcomes(esme.request(SUBMIT))
    [request] = sent(transport, clock)
    clock.advance(4)
    second = outcomes(esme.request(SUBMIT))
    sent(transport, clock)
    clock.advance(4)
    transport.deliver(resp(request))
    third = outcomes(esme.request(SUBMIT))
    clock.pump([1] * 6)
    assert [len(seen) for seen in (first, second, third)] == [1, 1, 0]
    clock.pump([1] * 4)
    assert isinstance(failure_of(third), RequestTimeout)
    assert isinstance(failure_of(second), RequestTimeout)


def test_who_does_not_bind_in_time_is_closed() -> None:
    """An enquire_link is no bind."""
    clock = Clock()
    smsc = Recorder(Role.SMSC, clock, evolve(UNLIMITED, session_init=10))
    transport = connect(clock, smsc)
    clock.advance(9)
    transport.deliver(bare(CommandId.ENQUIRE_LINK))
    assert transport.connected
    clock.advance(1)
    clock.advance(0)
    assert smsc.endings == ["no bind in time"]
    assert clock.getDelayedCalls() == []


def test_a_silent_peer_is_asked_and_then_dropped() -> None:
    """After enquire_link seconds of silence; cut, as nobody is there to read."""
    clock = Clock()
    smsc, transport = bound_smsc(clock, evolve(UNLIMITED, session_init=30, enquire_link=30))
    clock.pump([1] * 30)
    [asked] = sent(transport, clock)
    assert asked.command_id == CommandId.ENQUIRE_LINK
    clock.pump([1] * 9)
    assert transport.connected
    clock.pump([1, 0])
    assert transport.is_cut()
    assert smsc.endings == ["enquire_link unanswered"]
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize("session_init", [0.0, 30.0])
def test_the_silence_is_counted_from_the_bind_on(session_init: float) -> None:
    """A timer for the bind that is longer, or none, does not put the first enquire_link off."""
    clock = Clock()
    timers = evolve(UNLIMITED, session_init=session_init, enquire_link=5)
    _, transport = bound_smsc(clock, timers)
    clock.pump([1] * 6)
    asked = [frame.command_id for frame in frames_of(transport.take())]
    assert asked == [CommandId.ENQUIRE_LINK]


def test_an_esme_asks_from_its_bind_on_too() -> None:
    """The other end of the same."""
    clock = Clock()
    _, transport = bound_esme(clock, evolve(UNLIMITED, session_init=30, enquire_link=5))
    clock.pump([1] * 6)
    asked = [frame.command_id for frame in frames_of(transport.take())]
    assert asked == [CommandId.ENQUIRE_LINK]


@pytest.mark.parametrize("life", [bare(CommandId.ENQUIRE_LINK, 9), b"\0", None])
def test_any_octets_are_life(life: bytes | None) -> None:
    """The enquire_link_resp (None), or traffic in its place, even a piece of a PDU."""
    clock = Clock()
    smsc, transport = bound_smsc(clock, evolve(UNLIMITED, session_init=5, enquire_link=5))
    clock.pump([1] * 5)
    [asked] = sent(transport, clock)
    transport.deliver(life or resp_of(CommandId.ENQUIRE_LINK, asked.sequence_number))
    clock.pump([1] * 4)
    assert smsc.endings == []
    transport.take()
    clock.pump([1] * 2)
    assert [frame.command_id for frame in frames_of(transport.take())] == [CommandId.ENQUIRE_LINK]


def test_an_answered_enquire_link_leaves_nothing_outstanding() -> None:
    """Over a long quiet time, windows count messages only."""
    clock = Clock()
    esme, smsc, _ = pair(clock, evolve(UNLIMITED, session_init=5, enquire_link=5))
    run(clock, esme.bind(bind_of(State.BOUND_TRX)))
    clock.pump([1] * 100)
    assert esme.endings == smsc.endings == []
    assert len(esme.session.outstanding) == len(smsc.session.outstanding) == 0


def test_an_unanswered_enquire_link_is_no_stray_and_takes_no_place() -> None:
    """A peer with a window of one is sent its message all the same."""
    clock = Clock()
    esme, transport = bound_esme(clock, evolve(UNLIMITED, enquire_link=5))
    clock.pump([1] * 5)
    [asked] = sent(transport, clock)
    assert len(esme.session.outstanding) == 0
    transport.deliver(numbered(DELIVER, 1))
    transport.deliver(resp(asked))
    assert esme.strays == []


class Watched(Recorder):
    """Knows how much of what it wrote its peer has read."""

    octets_sent = 0  # type: ignore[assignment]


@pytest.mark.parametrize("reads", [True, False])
def test_a_peer_that_reads_slowly_is_alive(reads: bool) -> None:
    """It is not read meanwhile, so that nothing is heard; one that reads nothing is cut."""
    clock = Clock()
    smsc = Watched(Role.SMSC, clock, evolve(UNLIMITED, enquire_link=5))
    transport = connect(clock, smsc, buffer_size=100)
    transport.deliver(numbered(bind_of(State.BOUND_TRX), 1))
    transport.stop_reading()
    smsc.send(b"\0\0\0\x80" + bare(CommandId.SUBMIT_SM_RESP)[4:] + bytes(112))
    clock.advance(0)
    assert not smsc.writable
    for _ in range(30):
        clock.advance(1)
        if reads:
            smsc.octets_sent += 10
    assert transport.is_cut() is not reads


def test_a_peer_that_has_read_all_has_time_for_its_answer() -> None:
    """The enquire_link that it could not be heard to answer counts from then on."""
    clock = Clock()
    smsc = Watched(Role.SMSC, clock, evolve(UNLIMITED, enquire_link=5))
    transport = connect(clock, smsc, buffer_size=100)
    transport.deliver(numbered(bind_of(State.BOUND_TRX), 1))
    transport.stop_reading()
    smsc.send(b"\0\0\0\x80" + bare(CommandId.SUBMIT_SM_RESP)[4:] + bytes(112))
    clock.pump([1] * 9)
    transport.start_reading()
    clock.pump([1] * 4)
    assert not transport.is_cut()


def test_an_inactive_session_is_unbound() -> None:
    """One that only answers enquire_links."""
    clock = Clock()
    timers = evolve(UNLIMITED, session_init=5, enquire_link=10, inactivity=35)
    smsc, transport = bound_smsc(clock, timers)
    commands = []
    for _ in range(36):
        clock.advance(1)
        for frame in sent(transport, clock):
            commands.append(frame.command_id)
            transport.deliver(resp(frame))
    assert commands == [*[CommandId.ENQUIRE_LINK] * 3, CommandId.UNBIND]
    clock.advance(0)
    assert len(smsc.endings) == 1
    assert clock.getDelayedCalls() == []


def test_an_inactive_session_is_unbound_once() -> None:
    """The unbind has the response timer to be answered in, however short inactivity is."""
    clock = Clock()
    timers = evolve(UNLIMITED, session_init=5, inactivity=10, response=35)
    smsc, transport = bound_smsc(clock, timers)
    clock.pump([1] * 44)
    commands = [frame.command_id for frame in sent(transport, clock)]
    assert commands == [CommandId.UNBIND]
    clock.pump([1] * 3)
    assert len(smsc.endings) == 1


@pytest.mark.parametrize(
    "activity", [numbered(SUBMIT, 5), bare(CommandId.ENQUIRE_LINK, 5), bare(0x0A, 5)]
)
def test_a_peer_that_asks_is_active(activity: bytes) -> None:
    """Whatever it asks."""
    clock = Clock()
    _, transport = bound_smsc(clock, evolve(UNLIMITED, session_init=5, inactivity=10))
    clock.pump([1] * 6)
    transport.deliver(activity)
    transport.take()
    clock.pump([1] * 9)
    assert sent(transport, clock) == []
    clock.pump([1] * 2)
    assert [frame.command_id for frame in sent(transport, clock)] == [CommandId.UNBIND]


def test_answers_to_our_requests_are_activity() -> None:
    """An ESME end that only sends is not inactive."""
    clock = Clock()
    esme, smsc, transport = pair(clock, evolve(UNLIMITED, session_init=5, inactivity=10))
    run(clock, esme.bind(bind_of(State.BOUND_TX)))
    for _ in range(40):
        clock.advance(1)
        outcomes(esme.request(SUBMIT))
    assert transport.connected
    assert esme.endings == smsc.endings == []


def test_a_session_without_timers_has_one_that_never_does_anything() -> None:
    """It is there to be moved, and says nothing by itself."""
    clock = Clock()
    smsc, transport = bound_smsc(clock)
    clock.pump([1000] * 20)
    assert transport.writes == []
    assert smsc.endings == []


def test_answers_in_the_socket_of_a_process_that_was_stopped_are_heard() -> None:
    """The timeout of 3 s is over before they are read, over several turns of the reactor."""
    clock = Clock()
    esme, transport = bound_esme(clock, evolve(UNLIMITED, response=3))
    seen = [outcomes(esme.request(SUBMIT)) for _ in range(6)]
    answers = [resp(request) for request in sent(transport, clock)]

    def read_on() -> None:
        esme.dataReceived(answers.pop(0))
        if len(answers) > 1:
            clock.callLater(0, read_on)

    clock.callLater(4.9, read_on)
    clock.advance(5.0)
    assert [len(outcome) for outcome in seen] == [1] * 6
    assert [isinstance(outcome[0], SubmitSmResp) for outcome in seen] == [True] * 5 + [False]
    assert isinstance(failure_of(seen[5]), RequestTimeout)


def test_a_peer_that_sends_without_end_does_not_put_off_timeouts_for_ever() -> None:
    """After the process was stopped, no more than some reads are waited for."""
    clock = Clock()
    esme, transport = bound_esme(clock, evolve(UNLIMITED, response=3))
    seen = outcomes(esme.request(SUBMIT))
    sent(transport, clock)
    reads = 0

    def read_on() -> None:
        nonlocal reads
        reads += 1
        esme.dataReceived(header_only(CommandId.ENQUIRE_LINK, 0, reads))
        if not seen:
            clock.callLater(0, read_on)

    clock.callLater(4.9, read_on)
    clock.advance(5.0)
    assert isinstance(failure_of(seen), RequestTimeout)
    assert reads <= 100
