"""How exchanges end: what the origin is told, what is counted, what is remembered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.correlator import RETRYABLE, Correlator
from smppgate.routing.pools import Member
from smppgate.routing.translation import Exchange
from smppgate.txsmpp.constants import RESPONSE_BIT, CommandId, CommandStatus
from smppgate.txsmpp.errors import RequestTimeout, SessionLost
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.pdu import DataSm, QuerySm, SmeAddress, SubmitMulti
from tests.routing import fakes
from tests.routing.fakes import FakeSession

UINT32 = st.integers(0, 0xFFFFFFFF)
BODIES = st.one_of(
    st.binary(max_size=60),
    # A vendor TLV behind the message_id.
    st.binary(max_size=20).map(lambda value: b"id\0\x14\x00" + bytes((0, len(value))) + value),
)


class Ends:
    """A correlator, an origin and a member with one exchange on its way at second 10."""

    def __init__(self, frame: Frame, retries: bool = False, member: Member | None = None) -> None:
        self.asked: list[Exchange] = []
        self.retries = retries
        self.correlator = Correlator(self._retry)
        self.origin = FakeSession()
        self.origin.address = 99
        self.origin.unanswered = 1
        self.member = member if member is not None else fakes.member("alpha", 1, 10)
        self.member.outstanding = 1
        self.exchange = Exchange(self.correlator, self.origin, frame, fakes.pool(), 10.0)
        self.exchange.member = self.member

    def _retry(self, exchange: Exchange, now: float) -> bool:
        self.asked.append(exchange)
        return self.retries

    def answered(self, status: int = 0, body: bytes = b"id\0", now: float = 12.5) -> None:
        self.exchange.answered(fakes.resp(self.exchange.frame, status, body), now)

    @property
    def said(self) -> list[tuple[int, int]]:
        return fakes.said(self.origin)

    @property
    def way_back(self) -> int | None:
        return self.member.receipt_routes.find(b"id", 12.5)


# Answers


@given(st.integers(1, 0xFFFFFFFF), UINT32, UINT32, BODIES)
def test_an_answer_changes_in_its_number_and_nothing_else(
    number: int, link_number: int, status: int, body: bytes
) -> None:
    """Unknown statuses, vendor TLVs and bodies that cannot be read pass octet for octet."""
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
    ends.answered(now=12.5)
    assert (ends.member.outstanding, ends.origin.unanswered) == (0, 0)
    assert (ends.member.answers, ends.member.latency) == (1, 2.5)
    assert ends.correlator.endings().answered == 1


def test_an_answer_to_what_had_no_member_ends_it_too() -> None:
    """That is the other direction: a deliver_sm that an ESME answers."""
    ends = Ends(fakes.deliver(number=5))
    ends.exchange.member = None
    ends.answered(CommandStatus.ESME_RX_T_APPN, b"\0")
    assert ends.said == [(5, 0x64)]
    assert ends.origin.unanswered == 0
    assert not ends.asked


# Another member


def test_the_statuses_worth_another_member() -> None:
    assert {0x08, 0x14, 0x58, 0x64} == RETRYABLE


@pytest.mark.parametrize("status", sorted(RETRYABLE))
def test_an_answer_worth_another_member_is_not_passed_on_when_there_is_one(status: int) -> None:
    ends = Ends(fakes.submit(), retries=True)
    ends.answered(status, b"")
    assert ends.said == []
    assert ends.asked == [ends.exchange]
    assert (ends.member.outstanding, ends.member.answers) == (0, 1)
    assert ends.origin.unanswered == 1
    assert ends.correlator.endings().retried == 1
    assert ends.correlator.endings().answered == 0


@pytest.mark.parametrize("status", sorted(RETRYABLE))
def test_it_is_passed_on_when_there_is_none(status: int) -> None:
    ends = Ends(fakes.submit(7))
    ends.answered(status, b"")
    assert ends.said == [(7, status)]
    assert ends.asked == [ends.exchange]
    assert ends.correlator.endings().retried == 0
    assert ends.correlator.endings().answered == 1


@given(UINT32.filter(lambda status: status not in {0x08, 0x14, 0x58, 0x64}))
def test_no_other_status_is_worth_one(status: int) -> None:
    ends = Ends(fakes.submit(7), retries=True)
    ends.answered(status, b"")
    assert ends.said == [(7, status)]
    assert not ends.asked


# No answer


@pytest.mark.parametrize("reason", [RequestTimeout("60 s"), SessionLost("lost")])
def test_without_an_answer_the_origin_is_told_0x08(reason: RequestTimeout | SessionLost) -> None:
    """In the resp of its own command, without a body."""
    ends = Ends(fakes.submit(7))
    ends.exchange.failed(reason)
    (given_out,) = ends.origin.answers
    assert given_out[:3] == (CommandId.SUBMIT_SM_RESP, 0x08, 7)
    assert len(given_out.octets) == 16
    assert (ends.member.outstanding, ends.origin.unanswered) == (0, 0)
    assert ends.correlator.endings().failed == 1


def test_a_failure_is_not_tried_again_elsewhere() -> None:
    """The SMSC may have taken the message: it would arrive twice."""
    ends = Ends(fakes.submit(), retries=True)
    ends.exchange.failed(SessionLost("lost"))
    assert not ends.asked


def late(ends: Ends, status: int = 0) -> None:
    ends.exchange.failed(RequestTimeout("60 s"))
    ends.origin.answers.clear()
    answer = fakes.resp(ends.exchange.frame, status, b"id\0")
    ends.exchange.answered_late(answer, 80.0)


@pytest.mark.parametrize("status", [0, 0x08, 0x45])
def test_a_late_answer_is_counted_and_never_sent_on(status: int) -> None:
    ends = Ends(fakes.submit(), retries=True)
    late(ends, status)
    assert ends.origin.answers == []
    assert not ends.asked
    assert (ends.member.outstanding, ends.origin.unanswered) == (0, 0)
    assert (ends.correlator.endings().failed, ends.correlator.endings().late) == (1, 1)


def test_a_late_answer_counts_with_the_time_that_it_took() -> None:
    """Or the average latency of a member falls with every answer that it gives too late."""
    ends = Ends(fakes.submit())
    late(ends)
    assert (ends.member.answers, ends.member.latency) == (1, 70.0)


def test_a_late_answer_still_shows_the_receipt_its_way() -> None:
    ends = Ends(fakes.submit(registered_delivery=1))
    late(ends)
    assert ends.member.receipt_routes.find(b"id", 80.0) == 99


def test_a_late_refusal_shows_no_way() -> None:
    ends = Ends(fakes.submit(registered_delivery=1))
    late(ends, 0x45)
    assert ends.member.receipt_routes.find(b"id", 80.0) is None


def test_a_late_answer_of_an_esme_is_counted() -> None:
    ends = Ends(fakes.deliver())
    ends.exchange.member = None
    late(ends)
    assert ends.correlator.endings().late == 1
    assert ends.origin.answers == []


# The way back for receipts

MULTI = SubmitMulti(
    source_addr=b"1000",
    dest_address=(SmeAddress(destination_addr=b"4477"), SmeAddress(destination_addr=b"4478")),
    registered_delivery=1,
)


@pytest.mark.parametrize(
    "frame",
    [
        fakes.submit(registered_delivery=1),
        fakes.submit(registered_delivery=2),
        fakes.frame_of(DataSm(destination_addr=b"4477", registered_delivery=1)),
        fakes.frame_of(MULTI),
    ],
    ids=["submit_sm", "submit_sm that failed", "data_sm", "submit_multi"],
)
def test_a_message_that_asks_for_a_receipt_is_remembered(frame: Frame) -> None:
    ends = Ends(frame)
    ends.answered()
    assert ends.way_back == 99


@pytest.mark.parametrize(
    "frame",
    [
        fakes.submit(),
        fakes.frame_of(DataSm(destination_addr=b"4477")),
        fakes.frame_of(QuerySm(message_id=b"id", source_addr=b"1")),
        fakes.raw(CommandId.SUBMIT_SM, 0, 1, b"cut"),
    ],
    ids=["submit_sm", "data_sm", "query_sm", "submit_sm cut off"],
)
def test_what_asks_for_none_is_not(frame: Frame) -> None:
    """And is answered all the same: what the gate cannot read, the SMSC has judged."""
    ends = Ends(frame)
    ends.answered()
    assert len(ends.member.receipt_routes) == 0
    assert ends.said == [(1, 0)]


def test_a_message_that_was_refused_is_not_remembered() -> None:
    ends = Ends(fakes.submit(registered_delivery=1))
    ends.answered(0x45)
    assert ends.way_back is None


def test_an_answer_whose_id_cannot_be_read_is_passed_on() -> None:
    ends = Ends(fakes.submit(registered_delivery=1))
    ends.answered(0, b"id without an end")
    assert ends.said == [(1, 0)]
    assert len(ends.member.receipt_routes) == 0


def test_the_way_is_kept_with_the_member_that_took_the_message() -> None:
    """The same id of another SMSC is another message's."""
    alpha, beta = fakes.member("alpha"), fakes.member("beta")
    Ends(fakes.submit(registered_delivery=1), member=alpha).answered()
    assert alpha.receipt_routes.find(b"id", 12.5) == 99
    assert beta.receipt_routes.find(b"id", 12.5) is None


def test_every_command_is_answered_with_its_own_resp() -> None:
    """When the gate answers for an SMSC that does not."""
    for command in (CommandId.SUBMIT_SM, CommandId.QUERY_SM, CommandId.DELIVER_SM):
        ends = Ends(fakes.raw(command, 0, 3))
        ends.exchange.failed(SessionLost("lost"))
        assert ends.origin.answers[0].command_id == command | RESPONSE_BIT
