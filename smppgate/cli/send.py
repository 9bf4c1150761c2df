"""``smppgate send``: one message, its answer and its receipt, shown as they come."""

from __future__ import annotations

import argparse
import re
from functools import partial
from typing import cast

from attrs import frozen
from twisted.internet.defer import DeferredQueue
from twisted.internet.defer import TimeoutError as WaitTimeout
from twisted.internet.interfaces import IReactorTime

from smppgate.cli import connection, submission
from smppgate.cli.connection import Connection, NotBound, UsageError, fail, told, unbind
from smppgate.cli.options import positive_seconds
from smppgate.cli.running import run_until_done
from smppgate.cli.send_lines import answer_line, message_line, receipt_line, shown
from smppgate.txsmpp import peek, receipts
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import PduError, SmppError
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.pdu import SubmitSm, SubmitSmResp
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.receipts import Receipt
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers

DESCRIPTION = """\
Bind, send one message, show the answer and then the receipt, unbind. Messages that are delivered
meanwhile are answered and shown as MO.
Exit status: 0 when the message was accepted and, where a receipt is waited for, delivered;
1 when not, with one line on standard error that says why; 2 when the arguments cannot be.
"""

_MESSAGES = frozenset({CommandId.DELIVER_SM, CommandId.DATA_SM})

# What a receipt says of a message that has not reached its end, SMPP v3.4 appendix B.
_ON_THE_WAY = frozenset({b"ENROUTE", b"ACCEPTD", b"SCHEDULED"})
_DELIVERED = b"DELIVRD"

# As many digits as an id of 64 octets can have.
_HEXADECIMAL = re.compile("[0-9a-f]{1,64}")
_SMALL_NUMBER = 0xFFFF


class NotDelivered(Exception):
    """The message did not get where it should; the message is one line and says why."""


@frozen
class ReceivedReceipt:
    """A receipt and when it came, seconds on the session's clock."""

    receipt: Receipt
    at: float


class SendSession(SmppProtocol):
    """An ESME's session that answers what it is delivered; shows messages, keeps receipts.

    :ivar receipts: those that came, in order; None once the session has ended.
    """

    def __init__(self, clock: IReactorTime, timers: Timers) -> None:
        super().__init__(Role.ESME, clock, timers)
        self.receipts: DeferredQueue[ReceivedReceipt | None] = DeferredQueue()

    def requestReceived(self, frame: Frame, now: float) -> None:
        """Take a message or a receipt; nothing else is an ESME's to do."""
        if frame.command_id not in _MESSAGES:
            super().requestReceived(frame, now)
            return
        # message_id is unused there, and empty: SMPP v3.4 §4.6.2.
        self.send(response(frame, CommandStatus.ESME_ROK, b"\0"))
        receipt = _receipt(frame)
        if receipt is None:
            print(message_line(frame.octets))
        else:
            self.receipts.put(ReceivedReceipt(receipt, now))

    def sessionEnded(self, reason: str) -> None:
        """No receipt comes any more."""
        self.receipts.put(None)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Put the arguments of this command into ``parser``."""
    parser.description = DESCRIPTION
    connection.add_arguments(parser)
    submission.add_arguments(parser)
    parser.add_argument(
        "--receipt",
        action=argparse.BooleanOptionalAction,
        help="ask for a receipt and wait for it (default: with a transceiver)",
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=positive_seconds,
        default=30.0,
        help="how long to wait for the receipt (default: %(default)g)",
    )


def run(args: argparse.Namespace) -> int:
    """Send what ``args`` say; gives the exit status.

    The steps go to standard output, what went wrong to standard error.
    """
    try:
        link = Connection.of(args)
        wait = _wait(args, link)
        message = submission.submit_sm(args, link.version, wait is not None)
    except UsageError as error:
        return fail("send", str(error), 2)
    return run_until_done(partial(send, link, message, wait))


async def send(
    link: Connection, message: SubmitSm, wait: float | None, reactor: IReactorTime
) -> int:
    """Bind over ``link``, send ``message``, wait for its receipt, unbind; gives the exit status.

    :param wait: seconds for the receipt to come in; None where none is asked for.
    """
    session = SendSession(reactor, link.timers)
    try:
        await link.open(reactor, session)
    except NotBound as error:
        return fail("send", str(error))
    print(f"bound     to {link.endpoint} as {shown(link.bind.system_id)}")
    try:
        await deliver(session, message, wait)
    except NotDelivered as error:
        return fail("send", str(error))
    finally:
        await unbind(session, reactor)
    return 0


async def deliver(session: SendSession, message: SubmitSm, wait: float | None) -> None:
    """Send ``message`` and wait for its receipt as `send` does, on a bound session.

    :raises NotDelivered: when it was refused, not answered, or not delivered.
    """
    clock = session.clock
    started = clock.seconds()
    message_id = await _submit(session, message)
    answered = clock.seconds()
    print(answer_line(message_id, answered - started))
    if wait is None:
        return
    while True:
        arrived = await _next_receipt(session, answered + wait, wait)
        if not same_message(arrived.receipt.message_id, message_id):
            print(f"receipt   for another message: {shown(arrived.receipt.message_id)}")
            continue
        print(receipt_line(arrived.receipt, max(0.0, arrived.at - started)))
        if arrived.receipt.stat.upper() not in _ON_THE_WAY:
            break
    if arrived.receipt.stat.upper() != _DELIVERED:
        raise NotDelivered(f"the message was not delivered: {shown(arrived.receipt.stat)}")


async def _submit(session: SendSession, message: SubmitSm) -> bytes:
    """Send ``message``; gives the message_id it was accepted under."""
    try:
        resp = await session.request(message)
    except SmppError as error:
        raise NotDelivered(f"submit_sm not answered: {error}") from None
    if resp.command_status != CommandStatus.ESME_ROK or not isinstance(resp, SubmitSmResp):
        raise NotDelivered(f"refused: {told(resp.command_status)}")
    return resp.message_id


async def _next_receipt(session: SendSession, until: float, wait: float) -> ReceivedReceipt:
    left = max(0.0, until - session.clock.seconds())
    arriving = session.receipts.get().addTimeout(left, session.clock)
    try:
        arrived = await arriving
    except WaitTimeout:
        raise NotDelivered(f"no receipt in {wait:g} s") from None
    if arrived is None:
        raise NotDelivered(f"no receipt: {session.session.close_reason}")
    return arrived


def same_message(one: bytes, other: bytes) -> bool:
    """Whether two ids name the same message.

    SMSCs write the id in a receipt in the other case, with or without leading zeros, or in
    decimal where the answer had it in hexadecimal, or the reverse.
    """
    return _plain(one) == _plain(other) or bool(_numbers(one) & _numbers(other))


def _plain(message_id: bytes) -> bytes:
    return message_id.strip().lower().lstrip(b"0")


def _numbers(message_id: bytes) -> set[int]:
    """The numbers that an id may be, read as decimal and as hexadecimal.

    Not small ones: 10 and 16 are the ids of two messages more often than of one.
    """
    digits = _plain(message_id).decode("latin-1")
    readings = {int(digits, 16)} if _HEXADECIMAL.fullmatch(digits) else set()
    if digits.isdecimal():
        readings.add(int(digits))
    return {number for number in readings if number > _SMALL_NUMBER}


def _receipt(frame: Frame) -> Receipt | None:
    try:
        if not receipts.is_receipt(peek.esm_class(frame.octets)):
            return None
    except PduError:
        return None
    return receipts.read(frame.octets)


def _wait(args: argparse.Namespace, link: Connection) -> float | None:
    """Seconds to wait for a receipt; None where none is wanted."""
    if args.receipt and not link.receives:
        raise UsageError("--receipt needs a transceiver: a transmitter gets no receipts")
    wanted: bool = link.receives if args.receipt is None else args.receipt
    return cast(float, args.wait) if wanted else None
