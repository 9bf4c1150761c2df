"""The delivery of messages: each submit_sm, its answer, and its receipts up to the final one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import define, field
from twisted.internet.defer import TimeoutError as WaitTimeout
from twisted.internet.task import deferLater

from smppgate.cli.send.lines import answer_line, receipt_line
from smppgate.cli.send.session import ReceivedReceipt, SendSession
from smppgate.cli.terminal import shown, status_text
from smppgate.txsmpp.constants import CommandStatus, MessageState
from smppgate.txsmpp.errors import Nacked, SessionLost, SmppError
from smppgate.txsmpp.pdu import SubmitSm
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
    """Messages were refused, not answered or not delivered; the reason is one line of text."""


@define
class Delivery:
    """Messages on a bound session; it prints their answers and receipts.

    :param wait: seconds from the last answer to the last receipt; None where none was requested.
    :param interval: seconds from one message to the next at the least.
    """

    session: SendSession
    messages: Sequence[SubmitSm]
    wait: float | None
    interval: float = 0.0
    _sent_at: dict[bytes, float] = field(factory=dict)
    """message_id → when it was sent; those whose final receipt has not come."""
    _early: list[ReceivedReceipt] = field(factory=list)
    """Receipts of messages that have had no answer yet, or of others."""
    _failures: list[str] = field(factory=list)

    async def run(self) -> None:
        """Send all, one after the other, then wait for their receipts.

        :raises NotDelivered: when any was refused, not answered, or not delivered, or when a final
            receipt did not arrive in time.
        """
        try:
            await self._submit_all()
            if self.wait is not None and self._sent_at:
                await self._receive_all(self.session.clock.seconds() + self.wait, self.wait)
        except SessionLost as error:
            self._failures.append(f"submit_sm not answered: {error}")
        if self._failures:
            all_ = len(self.messages)
            several = f"{len(self._failures)} of {all_} messages: " if all_ > 1 else ""
            raise NotDelivered(several + self._failures[0])

    async def _submit_all(self) -> None:
        clock = self.session.clock
        due = clock.seconds()
        for message in self.messages:
            if due > clock.seconds():
                await deferLater(clock, due - clock.seconds())
            due = max(due, clock.seconds()) + self.interval
            await self._submit(message)
            self._take_early()

    async def _submit(self, message: SubmitSm) -> None:
        started = self.session.clock.seconds()
        try:
            resp = await self.session.request(message)
        except Nacked as error:
            self._refused(error.command_status)
        except SessionLost:
            raise
        except SmppError as error:
            self._fail(f"submit_sm not answered: {error}")
        else:
            if resp.command_status != CommandStatus.ESME_ROK:
                self._refused(resp.command_status)
                return
            print(answer_line(resp.message_id, self.session.clock.seconds() - started))
            self._sent_at[resp.message_id] = started

    def _refused(self, command_status: int) -> None:
        self._fail(f"refused: {status_text(command_status)}")

    def _fail(self, reason: str) -> None:
        self._failures.append(reason)
        # One alone is told at the end.
        if len(self.messages) > 1:
            print(f"failed    {reason}")

    def _take_early(self) -> None:
        """Show what has come meanwhile of messages that are answered."""
        pending = self.session.receipts.pending
        self._early += [one for one in pending if one is not None]
        # None is the end of the session: that stays, to be found by who waits.
        pending[:] = [one for one in pending if one is None]
        self._early = [one for one in self._early if not self._take(one)]

    async def _receive_all(self, until: float, wait: float) -> None:
        for one in self._early:
            _show_other(one)
        while self._sent_at:
            try:
                arrived = await self._next_receipt(until)
            except WaitTimeout:
                self._miss(f"no receipt in {wait:g} s")
                return
            if arrived is None:
                self._miss(f"no receipt: {self.session.session.close_reason}")
            elif not self._take(arrived):
                _show_other(arrived)

    async def _next_receipt(self, until: float) -> ReceivedReceipt | None:
        """The next receipt of the session, awaited until ``until`` on its clock."""
        left = max(0.0, until - self.session.clock.seconds())
        return await self.session.receipts.get().addTimeout(left, self.session.clock)

    def _take(self, arrived: ReceivedReceipt) -> bool:
        """Show a receipt; False if it is of no message here."""
        receipt = arrived.receipt
        message_id = self._message_of(receipt.message_id)
        if message_id is None:
            return False
        line = receipt_line(receipt, max(0.0, arrived.at - self._sent_at[message_id]))
        of = f", message_id {shown(message_id)}" if len(self.messages) > 1 else ""
        print(line + of)
        stat = receipt.stat.upper()
        if stat not in _INTERMEDIATE:
            del self._sent_at[message_id]
            if stat != _DELIVERED:
                self._failures.append(f"the message was not delivered: {shown(receipt.stat)}")
        return True

    def _message_of(self, message_id: bytes) -> bytes | None:
        if message_id in self._sent_at:
            return message_id
        return next((one for one in self._sent_at if same_message(message_id, one)), None)

    def _miss(self, reason: str) -> None:
        """Wait for no receipts any longer."""
        self._failures += [reason] * len(self._sent_at)
        self._sent_at.clear()


def _show_other(arrived: ReceivedReceipt) -> None:
    print(f"receipt   for another message: {shown(arrived.receipt.message_id)}")


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
