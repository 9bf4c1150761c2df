"""A session of a load: its window, and what it counts."""

from __future__ import annotations

from smppgate.txsmpp.codec import decode
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.frame import generic_nack, header_only, response
from smppgate.txsmpp.pdu import DeliverSm, SubmitSm, SubmitSmResp
from tests.cli.load.rig import RESPONSE_TIMEOUT, Rig, receipt


def test_it_fills_its_window_in_one_write() -> None:
    """As many as the window has, numbered in turn, each a whole submit_sm."""
    rig = Rig(window=5)
    rig.peers[0].received()
    rig.start()
    rig.clock.advance(0)
    assert len(rig.peers[0].transport.writes) == 1
    frames = rig.submitted()
    assert [decode(frame.octets) for frame in frames] == [
        SubmitSm(sequence_number=n, destination_addr=b"4477", short_message=b"hi")
        for n in range(2, 7)
    ]


def test_as_many_as_were_answered_follow_in_one_write() -> None:
    """A read with three answers makes one write with three messages."""
    rig = Rig(window=5, count=100).start()
    frames = rig.submitted()
    rig.peers[0].send(b"".join(response(frame, 0, b"id\0") for frame in frames[1:4]))
    assert len(rig.peers[0].transport.writes) == 1
    assert len(rig.submitted()) == 3


def test_an_answer_is_timed_from_its_own_batch() -> None:
    """Messages of different batches have different ages."""
    rig = Rig(window=2, count=3).start()
    first, second = rig.submitted()
    rig.clock.advance(1.0)
    rig.peers[0].answer(first, b"id\0")
    third = rig.submitted()[0]
    rig.clock.advance(2.0)
    rig.peers[0].answer(third, b"id\0")
    assert rig.tally.latencies.longest == 2.0
    rig.peers[0].answer(second, b"id\0")
    assert rig.tally.latencies.longest == 3.0


def test_an_error_is_counted_by_its_status() -> None:
    """With a submit_sm_resp or a generic_nack; both make room for another."""
    rig = Rig(window=2, count=4).start()
    first, second = rig.submitted()
    rig.peers[0].answer(first, status=CommandStatus.ESME_RTHROTTLED)
    rig.peers[0].send(generic_nack(second.sequence_number, CommandStatus.ESME_RINVCMDID))
    assert dict(rig.tally.errors) == {0x58: 1, 0x03: 1}
    assert (rig.tally.ok, rig.tally.answered) == (0, 2)
    assert len(rig.submitted()) == 2


def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    """Each message of its own, when the response timer is over; its room is used again."""
    rig = Rig(window=2, count=3).start()
    rig.submitted()
    rig.clock.advance(RESPONSE_TIMEOUT - 0.1)
    assert (rig.tally.timeouts, rig.submitted()) == (0, [])
    rig.clock.advance(0.2)
    assert rig.tally.timeouts == 2
    (third,) = rig.submitted()
    rig.peers[0].answer(third, b"id\0")
    assert rig.done == [None]
    assert (rig.tally.timeouts, rig.tally.ok) == (2, 1)


def test_an_answer_after_the_timeout_is_late() -> None:
    """It is counted as such, once, and not as an answer."""
    rig = Rig(window=1, count=2).start()
    (first,) = rig.submitted()
    rig.clock.advance(RESPONSE_TIMEOUT + 0.1)
    rig.peers[0].answer(first, b"id\0")
    assert (rig.tally.late, rig.tally.strays, rig.tally.answered) == (1, 0, 0)
    rig.peers[0].answer(first, b"id\0")
    assert (rig.tally.late, rig.tally.strays, rig.tally.answered) == (1, 1, 0)
    assert len(rig.submitted()) == 1


def test_a_second_answer_makes_no_room() -> None:
    """It is a stray, and the window is not passed."""
    rig = Rig(window=1).start()
    (first,) = rig.submitted()
    rig.peers[0].answer(first, b"id\0")
    assert len(rig.submitted()) == 1
    rig.peers[0].answer(first, b"id\0")
    assert (rig.tally.strays, rig.submitted()) == (1, [])


def test_what_is_delivered_is_answered_and_counted() -> None:
    """Receipts and other messages apart; a deliver_sm_resp is ESME_ROK with one NUL."""
    rig = Rig(window=1).start()
    rig.submitted()
    rig.peers[0].deliver(receipt(7))
    rig.peers[0].deliver(DeliverSm(sequence_number=8, short_message=b"hi"))
    assert [frame.octets for frame in rig.peers[0].received()] == [
        header[:3] + bytes([17]) + header[4:] + b"\0"
        for header in (header_only(CommandId.DELIVER_SM_RESP, 0, number) for number in (7, 8))
    ]
    assert (rig.tally.receipts, rig.tally.other_messages) == (1, 1)


def test_a_message_that_cannot_be_read_is_answered_too() -> None:
    """A load is no judge of what an SMSC sends."""
    rig = Rig(window=1).start()
    rig.submitted()
    rig.peers[0].send(header_only(CommandId.DELIVER_SM, 0, 9))
    assert rig.peers[0].one().command_id == CommandId.DELIVER_SM_RESP
    assert (rig.tally.receipts, rig.tally.other_messages) == (0, 1)


def test_what_is_not_for_an_esme_is_refused() -> None:
    """An alert_notification needs no answer, and what an ESME alone may ask is not allowed."""
    rig = Rig(window=1).start()
    rig.submitted()
    rig.peers[0].send(header_only(CommandId.ALERT_NOTIFICATION, 0, 9))
    assert rig.peers[0].received() == []
    rig.peers[0].send(header_only(CommandId.SUBMIT_SM, 0, 10))
    assert rig.peers[0].one().command_status == CommandStatus.ESME_RINVBNDSTS
    assert rig.tally.other_messages == 0


def test_an_answer_of_another_command_answers_nothing() -> None:
    """A data_sm_resp under a submit_sm's number leaves it unanswered."""
    rig = Rig(window=1).start()
    (first,) = rig.submitted()
    rig.peers[0].send(header_only(CommandId.DATA_SM_RESP, 0, first.sequence_number))
    assert (rig.tally.strays, rig.tally.answered) == (1, 0)
    rig.peers[0].deliver(SubmitSmResp(sequence_number=first.sequence_number))
    assert rig.tally.ok == 1


def test_after_an_unbind_of_the_peers_nothing_is_sent() -> None:
    """It is answered, and what stays unanswered is lost."""
    rig = Rig(window=2).start()
    first, _ = rig.submitted()
    rig.peers[0].send(
        response(first, 0, b"id\0") + header_only(CommandId.UNBIND, 0, 3) + response(first, 0)
    )
    rig.clock.pump([1] * 6)
    assert rig.peers[0].one().command_id == CommandId.UNBIND_RESP
    assert (rig.tally.sent, rig.tally.ok, rig.tally.lost) == (2, 1, 1)
    assert dict(rig.tally.lost_sessions) == {"unbound by the peer": 1}
