"""The delivery of one message: its submit_sm, its answer, and its receipts up to the final one."""

from __future__ import annotations

import re

from twisted.internet.defer import TimeoutError as WaitTimeout

from smppgate.cli.send.lines import answer_line, receipt_line
from smppgate.cli.send.session import ReceivedReceipt, SendSession
from smppgate.cli.terminal import shown, status_text
from smppgate.txsmpp.constants import CommandStatus, MessageState
from smppgate.txsmpp.errors import SmppError
from smppgate.txsmpp.pdu import SubmitSm, SubmitSmResp
from smppgate.txsmpp.receipts import STAT_OF

_DELIVERED = STAT_OF[MessageState.DELIVERED]

# A receipt with one of these is not the last one, SMPP v3.4 appendix B.
_INTERMEDIATE = frozenset(
    STAT_OF[state]
    for state in (MessageState.ENROUTE, MessageState.ACCEPTED, MessageState.SCHEDULED)
)

# As many digits as a message_id of 64 octets can have.
_HEXADECIMAL = re.compile("[0-9a-f]{1,64}")

_LARGEST_AMBIGUOUS = 0xFFFF
"""Up to here, one number read in two notations is more often two ids than one."""


class NotDelivered(Exception):
    """The message was refused, not answered or not delivered; the reason is one line of text."""


async def deliver(session: SendSession, message: SubmitSm, wait: float | None) -> None:
    """Send ``message`` on a bound session and print its answer and its receipts.

    :param wait: seconds from the answer to the final receipt; None where none was requested.
    :raises NotDelivered: when the message was refused, not answered, or not delivered, or when
        the final receipt did not arrive in time.
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
        if arrived.receipt.stat.upper() not in _INTERMEDIATE:
            break
    if arrived.receipt.stat.upper() != _DELIVERED:
        raise NotDelivered(f"the message was not delivered: {shown(arrived.receipt.stat)}")


async def _submit(session: SendSession, message: SubmitSm) -> bytes:
    """Send ``message``; returns the message_id of its submit_sm_resp."""
    try:
        resp = await session.request(message)
    except SmppError as error:
        raise NotDelivered(f"submit_sm not answered: {error}") from None
    if resp.command_status != CommandStatus.ESME_ROK or not isinstance(resp, SubmitSmResp):
        raise NotDelivered(f"refused: {status_text(resp.command_status)}")
    return resp.message_id


async def _next_receipt(session: SendSession, until: float, wait: float) -> ReceivedReceipt:
    """The next receipt of the session, awaited until ``until`` on its clock."""
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
    """Whether two message_ids name the same message.

    In a receipt, SMSCs write the id of the submit_sm_resp in another case, with or without
    leading zeros, or in decimal instead of hexadecimal and the reverse.
    """
    return _plain(one) == _plain(other) or bool(_numbers(one) & _numbers(other))


def _plain(message_id: bytes) -> bytes:
    return message_id.strip().lower().lstrip(b"0")


def _numbers(message_id: bytes) -> set[int]:
    """The numbers above `_LARGEST_AMBIGUOUS` that the id is in decimal and in hexadecimal."""
    digits = _plain(message_id).decode("latin-1")
    readings = {int(digits, 16)} if _HEXADECIMAL.fullmatch(digits) else set()
    if digits.isdecimal():
        readings.add(int(digits))
    return {number for number in readings if number > _LARGEST_AMBIGUOUS}
