"""``smppgate send``: what it shows of a message, and when it calls it delivered."""

from __future__ import annotations

import pytest
from attrs import define, field
from twisted.internet.defer import ensureDeferred
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from smppgate.cli.connection import Connection
from smppgate.cli.send.command import add_arguments, run, send
from smppgate.cli.submission import submit_sm
from smppgate.txsmpp.constants import CommandId, CommandStatus, Tag
from smppgate.txsmpp.frame import Frame, generic_nack, header_only, response
from smppgate.txsmpp.pdu import DataSm, DeliverSm, Tlv
from tests.cli.peers import ENDPOINT, Peer, parsed
from tests.fakes import outcomes

OK, FAILED, USAGE = 0, 1, 2


def receipt(message_id: bytes, stat: bytes, number: int = 1) -> DeliverSm:
    text = b"id:%b sub:001 dlvrd:001 submit date:2611231504 done date:2611231505 stat:%b err:007"
    return DeliverSm(
        sequence_number=number,
        esm_class=0x04,
        source_addr=b"447700900123",
        destination_addr=b"1234",
        short_message=text % (message_id, stat),
    )


@define
class Sending:
    """`send` in the middle of its work: bound, its message at the SMSC."""

    wait: float | None = 30.0
    count: int = 1
    interval: float = 0.0
    reactor: MemoryReactorClock = field(factory=MemoryReactorClock)
    peer: Peer = field(init=False)
    message: Frame = field(init=False)
    status: list[int | Failure] = field(init=False)

    def __attrs_post_init__(self) -> None:
        args = parsed(add_arguments, "--connect", ENDPOINT, "--response-timeout", "10")
        link = Connection.of(args)
        messages = [submit_sm(args, link.version, self.wait is not None)] * self.count
        sending = send(link, messages, self.wait, self.interval, self.reactor)
        self.status = outcomes(ensureDeferred(sending))
        self.peer = Peer.accepting(self.reactor)
        self.peer.accept_bind()
        self.message = self.peer.one()

    def finish(self) -> int:
        """Answer the unbind that must have come; gives the exit status."""
        unbind = self.peer.received()[-1]
        assert unbind.command_id == CommandId.UNBIND
        self.peer.answer(unbind)
        (status,) = self.status
        assert isinstance(status, int)
        return status


def test_a_message_is_delivered(capsys: pytest.CaptureFixture[str]) -> None:
    """Answer and receipt are shown with how long they took; exit 0."""
    sending = Sending()
    assert sending.message.command_id == CommandId.SUBMIT_SM
    sending.reactor.advance(0.25)
    sending.peer.answer(sending.message, b"42\0")
    sending.reactor.advance(2)
    assert sending.status == []
    sending.peer.deliver(receipt(b"42", b"DELIVRD"))
    resp, _unbind = frames = sending.peer.received()
    assert resp.octets == response(Frame(CommandId.DELIVER_SM, 0, 1, b""), 0, b"\0")
    sending.peer.answer(frames[-1])
    assert sending.status == [OK]
    assert capsys.readouterr() == (
        f"bound     to {ENDPOINT} as acme\n"
        "accepted  ESME_ROK (no error), message_id 42, in 250.0 ms\n"
        "receipt   DELIVRD (delivered), error 007, submitted 2026-11-23 15:04, "
        "done 2026-11-23 15:05, after 2.25 s\n",
        "",
    )


def test_without_a_receipt_the_answer_is_the_end() -> None:
    """Exit 0 with the answer; no receipt is waited for."""
    sending = Sending(wait=None)
    sending.peer.answer(sending.message, b"42\0")
    assert sending.finish() == OK


def test_a_receipt_may_come_before_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """SMSCs do that; it is kept until it is known whose it is."""
    sending = Sending()
    sending.peer.deliver(receipt(b"42", b"DELIVRD"))
    sending.peer.answer(sending.message, b"42\0")
    assert sending.finish() == OK
    assert "receipt   DELIVRD" in capsys.readouterr().out


@pytest.mark.parametrize("stat", [b"UNDELIV", b"EXPIRED", b"REJECTD", b"UNKNOWN"])
def test_a_message_that_is_not_delivered_fails(
    stat: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """The receipt is shown, one line says what that means; exit 1."""
    sending = Sending()
    sending.peer.answer(sending.message, b"42\0")
    sending.peer.deliver(receipt(b"42", stat))
    assert sending.finish() == FAILED
    out, err = capsys.readouterr()
    assert f"receipt   {stat.decode()}" in out
    assert err == f"smppgate send: the message was not delivered: {stat.decode()}\n"


@pytest.mark.parametrize("stat", [b"ENROUTE", b"ACCEPTD", b"acceptd"])
def test_a_message_on_its_way_is_waited_for(stat: bytes) -> None:
    """An intermediate receipt is not the end of it."""
    sending = Sending()
    sending.peer.answer(sending.message, b"42\0")
    sending.peer.deliver(receipt(b"42", stat))
    assert sending.status == []
    sending.peer.deliver(receipt(b"42", b"DELIVRD", 2))
    assert sending.finish() == OK


def test_the_receipt_of_another_message_does_not_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is shown, and the wait goes on."""
    sending = Sending()
    sending.peer.answer(sending.message, b"42\0")
    sending.peer.deliver(receipt(b"41", b"DELIVRD"))
    assert sending.status == []
    sending.peer.deliver(receipt(b"42", b"DELIVRD", 2))
    assert sending.finish() == OK
    assert "receipt   for another message: 41\n" in capsys.readouterr().out


def test_a_receipt_that_does_not_come_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """After --wait seconds from the answer, other messages notwithstanding; exit 1."""
    sending = Sending(wait=30.0)
    sending.reactor.advance(5)
    sending.peer.answer(sending.message, b"42\0")
    sending.reactor.advance(20)
    sending.peer.deliver(receipt(b"41", b"DELIVRD"))
    sending.reactor.advance(9.9)
    assert sending.peer.received()[-1].command_id != CommandId.UNBIND
    sending.reactor.advance(0.2)
    assert sending.finish() == FAILED
    assert capsys.readouterr().err == "smppgate send: no receipt in 30 s\n"


def test_other_messages_are_answered_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A deliver_sm or data_sm meanwhile is a MO: ESME_ROK for it, and a line."""
    sending = Sending()
    sending.peer.deliver(DeliverSm(sequence_number=7, source_addr=b"4477", short_message=b"hi"))
    payload = Tlv(Tag.MESSAGE_PAYLOAD, b"ho")
    sending.peer.deliver(DataSm(sequence_number=8, source_addr=b"4477", tlvs=(payload,)))
    answers = sending.peer.received()
    assert [(a.sequence_number, a.command_status, a.octets[16:]) for a in answers] == [
        (7, 0, b"\0"),
        (8, 0, b"\0"),
    ]
    assert capsys.readouterr().out.endswith(
        "MO        from 4477 to : hi\nMO        from 4477 to : ho\n"
    )
    sending.peer.hang_up()


def test_a_message_that_cannot_be_read_is_answered_and_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever sent it is not kept waiting for that."""
    sending = Sending()
    sending.peer.send(header_only(CommandId.DELIVER_SM, 0, 9))
    assert sending.peer.one().octets == header_only(CommandId.DELIVER_SM_RESP, 0, 9)[:3] + (
        b"\x11" + header_only(CommandId.DELIVER_SM_RESP, 0, 9)[4:] + b"\0"
    )
    assert "MO        that cannot be read" in capsys.readouterr().out
    sending.peer.hang_up()


def test_what_is_not_for_an_esme_is_refused() -> None:
    """The session's rules hold: a query_sm from an SMSC is not allowed; an alert passes unseen."""
    sending = Sending()
    sending.peer.send(header_only(CommandId.ALERT_NOTIFICATION, 0, 8))
    assert sending.peer.received() == []
    sending.peer.send(header_only(CommandId.QUERY_SM, 0, 9))
    assert sending.peer.one().command_status == CommandStatus.ESME_RINVBNDSTS
    sending.peer.hang_up()


def test_a_refusal_is_told_with_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    """Name, number and words of the status; exit 1, and nothing more is waited for."""
    sending = Sending()
    sending.peer.answer(sending.message, status=CommandStatus.ESME_RINVDSTADR)
    assert sending.finish() == FAILED
    assert capsys.readouterr().err == (
        "smppgate send: refused: ESME_RINVDSTADR (0x0000000B): invalid destination address\n"
    )


def test_a_generic_nack_is_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    """Even the odd one with ESME_ROK, which gives no message_id."""
    for status, name in ((CommandStatus.ESME_RINVCMDID, "ESME_RINVCMDID"), (0, "ESME_ROK")):
        sending = Sending()
        sending.peer.send(generic_nack(sending.message.sequence_number, status))
        assert sending.finish() == FAILED
        assert f"refused: {name} " in capsys.readouterr().err


def test_no_answer_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """After --response-timeout; exit 1."""
    sending = Sending()
    sending.reactor.advance(10.1)
    assert sending.finish() == FAILED
    expected = "smppgate send: submit_sm not answered: no answer in 10 s\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize("answered", [False, True])
def test_a_lost_session_fails_at_once(answered: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the answer or before the receipt; the wait is not sat out. Exit 1."""
    sending = Sending()
    if answered:
        sending.peer.answer(sending.message, b"42\0")
    sending.peer.hang_up()
    assert sending.status == [FAILED]
    what = "no receipt" if answered else "submit_sm not answered"
    assert f"smppgate send: {what}: Connection was closed" in capsys.readouterr().err


def test_a_refused_connection_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """One line; exit 1."""
    reactor = MemoryReactorClock()
    args = parsed(add_arguments, "--connect", ENDPOINT)
    link = Connection.of(args)
    message = submit_sm(args, link.version, True)
    status = outcomes(ensureDeferred(send(link, [message], 1.0, 0.0, reactor)))
    reactor.unixClients[0][1].clientConnectionFailed(None, Failure(Refused()))
    assert status == [FAILED]
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"smppgate send: cannot connect to {ENDPOINT}: ")
    assert err.count("\n") == 1


def test_a_receipt_over_a_transmitter_is_a_usage_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """None can come over it; exit 2, and nothing is connected."""
    args = parsed(add_arguments, "--connect", ENDPOINT, "--bind", "transmitter", "--receipt")
    assert run(args) == USAGE
    assert "--receipt needs a transceiver" in capsys.readouterr().err


def test_several_messages_go_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    """Each when the one before is answered; receipts are shown as they come, in any order."""
    sending = Sending(count=2)
    sending.peer.answer(sending.message, b"41\0")
    second = sending.peer.one()
    sending.peer.deliver(receipt(b"42", b"DELIVRD"))
    sending.peer.answer(second, b"42\0")
    assert sending.peer.one().command_id == CommandId.DELIVER_SM_RESP
    assert "receipt   DELIVRD (delivered)" in capsys.readouterr().out
    assert sending.status == []
    sending.peer.deliver(receipt(b"41", b"DELIVRD", 2))
    assert sending.finish() == OK
    assert capsys.readouterr().out.endswith(", message_id 41\n")


def test_of_several_messages_those_that_failed_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A refusal does not keep the others back; a receipt that does not come is a failure too."""
    sending = Sending(count=3, wait=30.0)
    sending.peer.answer(sending.message, status=CommandStatus.ESME_RTHROTTLED)
    for message_id in (b"42\0", b"43\0"):
        sending.peer.answer(sending.peer.one(), message_id)
    sending.peer.deliver(receipt(b"43", b"UNDELIV"))
    sending.reactor.advance(30.1)
    assert sending.finish() == FAILED
    out, err = capsys.readouterr()
    assert "failed    refused: ESME_RTHROTTLED" in out
    assert err.startswith("smppgate send: 3 of 3 messages: refused: ESME_RTHROTTLED (0x00000058)")


def test_messages_keep_to_a_rate() -> None:
    """The second goes half a second after the first, however soon that is answered."""
    sending = Sending(count=2, wait=None, interval=0.5)
    sending.reactor.advance(0.1)
    sending.peer.answer(sending.message, b"41\0")
    sending.reactor.advance(0.39)
    assert sending.peer.received() == []
    sending.reactor.advance(0.02)
    sending.peer.answer(sending.peer.one(), b"42\0")
    assert sending.finish() == OK


def test_a_session_that_is_lost_ends_several_messages(capsys: pytest.CaptureFixture[str]) -> None:
    sending = Sending(count=5)
    sending.peer.hang_up()
    assert sending.status == [FAILED]
    assert "smppgate send: 1 of 5 messages: submit_sm not answered" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--long", "sar", "--text", "x" * 161, "--interface-version", "3.3"], "has no TLVs"),
        (["--tlv", "0x1402=00", "--interface-version", "3.3"], "has no TLVs"),
        (["--flash", "--hex", "00"], "--flash goes with a text"),
        (["--long", "udh", "--hex", "00", "--esm-class", "0x40"], "header of its own"),
    ],
)
def test_messages_that_cannot_be_are_usage_errors(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(parsed(add_arguments, "--bind", "transmitter", *arguments)) == USAGE
    assert told in capsys.readouterr().err
