"""How exchanges end: what the origin is answered, what is counted, what is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from smppgate.gate.options import RouterOptions
from smppgate.gate.relay.correlator import Correlator
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.transform import Transform
from smppgate.routing.exchange import Exchange
from smppgate.routing.smscs.load import LOST, TIMED_OUT, Outcome
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.clock import Clock as SmppClock
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, CommandStatus
from smppgate.txsmpp.errors import RequestTimeout, SessionLost
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import BroadcastSm, DataSm, QuerySm, SmeAddress, SubmitMulti
from smppgate.txsmpp.statuses import BIND_STATUSES, TRANSIENT
from smppgate.txsmpp.tlv import Tlv
from smppgate.txsmpp.versions import V3_3, V3_4, Version
from tests.routing import fakes
from tests.routing.fakes import FakeSession

UINT32 = st.integers(0, 0xFFFFFFFF)
BODIES = st.one_of(
    st.binary(max_size=60),
    # A vendor TLV behind the message_id.
    st.binary(max_size=20).map(lambda value: b"id\0\x14\x00" + bytes((0, len(value))) + value),
)


class Ends:
    """A correlator, an origin and an SMSC with one exchange on its way at second 10.

    It is the correlator's `AnswerKeeper` too: ``taken`` and ``taken_late`` are the messages that
    the keeper is to answer.
    """

    def __init__(self, frame: Frame, retries: bool = False, smsc: Smsc | None = None) -> None:
        self.asked: list[Exchange] = []
        self.outcomes: list[Outcome] = []
        self.retries = retries
        self.taken: list[tuple[Exchange, Smsc, Frame]] = []
        self.taken_late: list[tuple[Exchange, Smsc, Frame]] = []
        self.adapted: list[Version] = []
        clock = SmppClock.of(Clock())
        transform = Transform(clock, RouterOptions())
        transform.adapted = self._adapt  # type: ignore[method-assign]
        self.correlator = Correlator(clock, self, self, transform, Events())
        self.origin = FakeSession()
        self.origin.unanswered = 1
        self.smsc = smsc if smsc is not None else fakes.smsc("alpha", 1, 10)
        self.smsc.outstanding = 1
        self.exchange = Exchange(self.correlator, self.origin, frame, fakes.pool(), 10.0)
        self.exchange.smsc = self.smsc

    def refused(self, exchange: Exchange, status: int, now: float) -> bool:
        self.asked.append(exchange)
        return self.retries

    def unanswered(self, exchange: Exchange, outcome: Outcome, now: float) -> bool:
        self.outcomes.append(outcome)
        return self.retries and outcome is LOST

    def turned_back(self, exchange: Exchange, now: float) -> bool:
        self.asked.append(exchange)
        return self.retries

    def _adapt(self, octets: bytes, version: Version) -> bytes:
        self.adapted.append(version)
        return octets

    def take(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> None:
        self.taken.append((exchange, smsc, frame))

    def take_late(self, exchange: Exchange, smsc: Smsc, frame: Frame) -> None:
        self.taken_late.append((exchange, smsc, frame))

    def answered(self, status: int = 0, body: bytes = b"id\0", now: float = 12.5) -> None:
        self.exchange.answered(Frame.of(self.exchange.resp(status, body)), now)

    @property
    def said(self) -> list[tuple[int, int]]:
        return fakes.said(self.origin)


def delivered(number: int = 5) -> Ends:
    """The other direction: a deliver_sm that goes to an ESME."""
    ends = Ends(fakes.deliver(number=number))
    ends.exchange.smsc = None
    return ends


# Answers


@given(
    st.integers(1, 0xFFFFFFFF),
    UINT32,
    UINT32.filter(lambda status: status not in BIND_STATUSES | {0}),
    BODIES,
)
def test_an_answer_changes_in_its_number_and_nothing_else(
    number: int, link_number: int, status: int, body: bytes
) -> None:
    """Unknown statuses, vendor TLVs and bodies that cannot be read pass octet for octet.

    Of a message that was taken the id may be changed too: see test_keeper.
    """
    ends = Ends(fakes.submit(number))
    answer = fakes.raw(CommandId.SUBMIT_SM_RESP, status, link_number, body)
    ends.exchange.answered(answer, 12.5)
    (given_out,) = ends.origin.answers
    assert given_out.sequence_number == number
    assert given_out.octets[:12] == answer.octets[:12]
    assert given_out.octets[16:] == answer.octets[16:]


def test_a_generic_nack_bears_the_number_of_the_origin_too() -> None:
    ends = Ends(fakes.submit(77))
    ends.exchange.answered(fakes.raw(CommandId.GENERIC_NACK, 0x03, 4), 12.5)
    (given_out,) = ends.origin.answers
    assert given_out[:3] == (CommandId.GENERIC_NACK, 0x03, 77)


def test_an_answer_ends_what_was_counted_as_open() -> None:
    ends = Ends(fakes.submit())
    ends.answered(0x45, now=12.5)
    assert (ends.smsc.outstanding, ends.origin.unanswered) == (0, 0)
    assert ends.correlator.events.answered == 1


def test_an_answer_of_an_esme_ends_its_exchange_too() -> None:
    """That is the other direction: a deliver_sm that an ESME answers."""
    ends = delivered()
    ends.answered(CommandStatus.ESME_RX_T_APPN, b"\0")
    assert ends.said == [(5, 0x64)]
    assert ends.origin.unanswered == 0
    assert not ends.asked


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\0", b"\0"),
        (b"id\0", b"\0"),
        (b"", b"\0"),
        (b"no end", b"\0"),
        (b"id\0\x14\x00\x00\x01x", b"\0\x14\x00\x00\x01x"),
        (b"\0\x14\x00\x00\x01x", b"\0\x14\x00\x00\x01x"),
    ],
)
def test_the_message_id_of_a_deliver_sm_resp_is_empty(body: bytes, expected: bytes) -> None:
    """Whatever the ESME put there, or left out: SMPP v3.4 §4.6.2. TLVs stay."""
    ends = delivered()
    ends.answered(0, body)
    assert ends.origin.answers == [fakes.raw(CommandId.DELIVER_SM_RESP, 0, 5, expected)]


def test_a_refusal_of_a_deliver_sm_may_be_without_a_body() -> None:
    ends = delivered()
    ends.answered(0x45, b"")
    assert ends.origin.answers == [fakes.raw(CommandId.DELIVER_SM_RESP, 0x45, 5)]


def test_the_message_id_of_a_data_sm_resp_is_the_esmes_to_give() -> None:
    """There it means something: SMPP v3.4 §4.7.2."""
    ends = Ends(fakes.frame_of(DataSm(destination_addr=b"1000"), 5))
    ends.exchange.smsc = None
    ends.answered(0, b"id\0")
    assert ends.origin.answers == [fakes.raw(CommandId.DATA_SM_RESP, 0, 5, b"id\0")]


# Peers of different versions


def test_an_answer_is_adapted_for_a_peer_of_another_version_only() -> None:
    same, other = Ends(fakes.submit()), Ends(fakes.submit())
    other.exchange.adapts = V3_3
    same.answered(0x45)
    other.answered(0x45)
    assert (same.adapted, other.adapted) == ([], [V3_3])


def data_sm_as_deliver_sm() -> Ends:
    ends = Ends(fakes.frame_of(DataSm(destination_addr=b"1000"), 5))
    ends.exchange.smsc = None
    ends.exchange.command_id = CommandId.DELIVER_SM
    ends.exchange.adapts = V3_4
    return ends


@pytest.mark.parametrize("status", [0, 0x45])
def test_what_went_out_as_another_command_is_answered_as_what_it_was(status: int) -> None:
    """A data_sm that an ESME of 3.3 had as a deliver_sm."""
    ends = data_sm_as_deliver_sm()
    ends.exchange.answered(fakes.raw(CommandId.DELIVER_SM_RESP, status, 77, b"\0"), 12.5)
    assert ends.origin.answers == [fakes.raw(CommandId.DATA_SM_RESP, status, 5, b"\0")]


def test_a_generic_nack_to_it_is_one_all_the_same() -> None:
    ends = data_sm_as_deliver_sm()
    ends.exchange.answered(fakes.raw(CommandId.GENERIC_NACK, 0x03, 77), 12.5)
    assert ends.origin.answers == [fakes.raw(CommandId.GENERIC_NACK, 0x03, 5)]


# Another SMSC


def test_the_statuses_after_which_another_smsc_is_tried() -> None:
    assert {0x08, 0x14, 0x58, 0x64} == TRANSIENT


@pytest.mark.parametrize("status", sorted(TRANSIENT))
def test_a_transient_error_is_not_passed_on_when_another_smsc_is_left(status: int) -> None:
    ends = Ends(fakes.submit(), retries=True)
    ends.answered(status, b"")
    assert ends.said == []
    assert ends.asked == [ends.exchange]
    assert ends.smsc.outstanding == 0
    assert ends.origin.unanswered == 1
    assert ends.correlator.events.retried == 1
    assert ends.correlator.events.answered == 0


@pytest.mark.parametrize("status", sorted(TRANSIENT))
def test_a_transient_error_is_passed_on_when_no_other_smsc_is_left(status: int) -> None:
    ends = Ends(fakes.submit(7))
    ends.answered(status, b"")
    assert ends.said == [(7, status)]
    assert ends.asked == [ends.exchange]
    assert ends.correlator.events.retried == 0
    assert ends.correlator.events.answered == 1


@given(UINT32.filter(lambda status: status not in BIND_STATUSES | {0}))
def test_an_error_of_a_message_that_does_not_go_on_is_passed_on(status: int) -> None:
    ends = Ends(fakes.submit(7))
    ends.answered(status, b"")
    assert ends.said == [(7, status)]
    assert ends.asked == [ends.exchange]


@pytest.mark.parametrize("status", [0x04, 0x05, 0x0D, 0x0E, 0x0F])
def test_a_status_about_the_gates_own_bind_is_never_the_origins(status: int) -> None:
    """Another SMSC is tried; where none is left, the answer is 0x08."""
    ends = Ends(fakes.submit(7), retries=True)
    ends.answered(status, b"")
    assert (ends.said, ends.asked) == ([], [ends.exchange])
    ends = Ends(fakes.submit(7))
    ends.answered(status, b"")
    assert ends.said == [(7, 0x08)]
    assert ends.smsc.bind_errors == 1


def test_an_ancillary_request_tells_nothing_of_the_bind() -> None:
    """0x04 may mean that it is not for this account; its origin gets 0x08 all the same."""
    ends = Ends(fakes.frame_of(QuerySm(message_id=b"1"), 7))
    ends.answered(0x04, b"")
    assert ends.said == [(7, 0x08)]
    assert ends.smsc.bind_errors == 0


# No answer


@pytest.mark.parametrize("reason", [RequestTimeout("60 s"), SessionLost("lost")])
def test_without_an_answer_the_origin_is_answered_0x08(
    reason: RequestTimeout | SessionLost,
) -> None:
    """In the resp of its own command, without a body."""
    ends = Ends(fakes.submit(7))
    ends.exchange.failed(reason)
    (given_out,) = ends.origin.answers
    assert given_out[:3] == (CommandId.SUBMIT_SM_RESP, 0x08, 7)
    assert len(given_out.octets) == 16
    is_overdue = isinstance(reason, RequestTimeout)
    assert (ends.smsc.outstanding, ends.smsc.overdue) == (is_overdue, is_overdue)
    if is_overdue:
        ends.exchange.released()
    assert (ends.smsc.outstanding, ends.smsc.overdue) == (0, 0)
    assert ends.origin.unanswered == 0
    assert ends.correlator.events.failed == 1


def test_what_was_not_answered_in_time_is_answered_whoever_would_try_again() -> None:
    ends = Ends(fakes.submit(), retries=True)
    ends.exchange.failed(RequestTimeout("60 s"))
    assert ends.outcomes == [TIMED_OUT]
    assert len(ends.origin.answers) == 1


def test_what_was_lost_with_its_link_may_go_on() -> None:
    ends = Ends(fakes.submit(), retries=True)
    ends.exchange.failed(SessionLost("lost"))
    assert ends.outcomes == [LOST]
    assert ends.said == []
    assert ends.origin.unanswered == 1
    assert (ends.correlator.events.retried, ends.correlator.events.failed) == (1, 0)


def late(ends: Ends, status: int = 0) -> None:
    ends.exchange.failed(RequestTimeout("60 s"))
    ends.origin.answers.clear()
    answer = Frame.of(ends.exchange.resp(status, b"id\0"))
    ends.exchange.released()
    ends.exchange.answered_late(answer, 80.0)


@pytest.mark.parametrize("status", [0, 0x08, 0x45])
def test_a_late_answer_is_counted_and_never_sent_on(status: int) -> None:
    ends = Ends(fakes.submit(), retries=True)
    late(ends, status)
    assert ends.origin.answers == []
    assert not ends.asked
    assert (ends.smsc.outstanding, ends.origin.unanswered) == (0, 0)
    assert (ends.correlator.events.failed, ends.correlator.events.late) == (1, 1)


def test_a_late_answer_still_keeps_the_return_path() -> None:
    ends = Ends(fakes.submit(registered_delivery=1))
    late(ends)
    ((exchange, smsc, frame),) = ends.taken_late
    assert (exchange, smsc) == (ends.exchange, ends.smsc)
    assert frame.octets[16:] == b"id\0"
    assert not ends.taken


def test_a_late_refusal_keeps_no_return_path() -> None:
    ends = Ends(fakes.submit(registered_delivery=1))
    late(ends, 0x45)
    assert not ends.taken_late


def test_a_late_answer_of_an_esme_is_counted() -> None:
    ends = delivered()
    late(ends)
    assert ends.correlator.events.late == 1
    assert ends.origin.answers == []
    assert not ends.taken_late


def test_of_a_request_that_failed_only_the_beginning_is_kept() -> None:
    """Late ones are kept by the thousand."""
    ends = Ends(fakes.frame_of(DataSm(destination_addr=b"1", tlvs=(Tlv(0x0424, b"x" * 60_000),))))
    ends.exchange.failed(RequestTimeout("60 s"))
    assert len(ends.exchange.octets) <= 256


# Messages that were taken

MULTI = SubmitMulti(
    source_addr=b"1000",
    dest_address=(SmeAddress(destination_addr=b"4477"), SmeAddress(destination_addr=b"4478")),
    registered_delivery=1,
)
SUBMITS = pytest.mark.parametrize(
    "frame",
    [
        fakes.submit(),
        fakes.submit(registered_delivery=1),
        fakes.frame_of(DataSm(destination_addr=b"4477")),
        fakes.frame_of(MULTI),
        fakes.frame_of(BroadcastSm(source_addr=b"1000")),
        fakes.raw(CommandId.SUBMIT_SM, 0, 1, b"cut"),
    ],
    ids=["submit_sm", "with receipt", "data_sm", "submit_multi", "broadcast_sm", "cut off"],
)


@SUBMITS
def test_a_message_that_was_taken_is_answered_by_the_return_path_keeper(frame: Frame) -> None:
    """Once they are kept: until then nothing is said, and the window counts it."""
    ends = Ends(frame)
    ends.answered()
    ((exchange, smsc, answer),) = ends.taken
    assert (exchange, smsc) == (ends.exchange, ends.smsc)
    assert answer.octets[16:] == b"id\0"
    assert (ends.said, ends.origin.unanswered, ends.smsc.outstanding) == ([], 1, 0)
    assert ends.correlator.events.answered == 1


@SUBMITS
@pytest.mark.parametrize("status", [0x45, 0x58])
def test_a_message_that_was_refused_has_no_return_path(frame: Frame, status: int) -> None:
    ends = Ends(frame)
    ends.answered(status)
    assert ends.said == [(1, status)]
    assert not ends.taken


def test_a_request_that_submits_nothing_has_no_return_path() -> None:
    ends = Ends(fakes.frame_of(QuerySm(message_id=b"id", source_addr=b"1")))
    ends.answered(0, b"id\0\0\2\0")
    assert ends.said == [(1, 0)]
    assert not ends.taken


def test_every_command_is_answered_with_its_own_resp() -> None:
    """When the gate answers for an SMSC that does not."""
    for command in (CommandId.SUBMIT_SM, CommandId.QUERY_SM, CommandId.DELIVER_SM):
        ends = Ends(fakes.raw(command, 0, 3))
        ends.exchange.failed(SessionLost("lost"))
        assert ends.origin.answers[0].command_id == command | RESPONSE_BIT
