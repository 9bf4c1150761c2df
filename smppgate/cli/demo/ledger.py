"""The record of one ESME of the demo, from which every error of the gate can be found.

Each message has a unique text, which begins with the account's name and which the SMSC puts into
the receipt. A receipt thus shows whether it reached the account that sent the message, whether
its message_id was given to that account, and whether it was given for this message. The last one
reveals an answer that reached the wrong request of the right session.
"""

from __future__ import annotations

from collections import Counter

from attrs import define, field

from smppgate.cli.latencies import Latencies
from smppgate.txsmpp import receipts
from smppgate.txsmpp.constants import CommandId, CommandStatus, MessageState
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.peek import message_id
from smppgate.txsmpp.receipts import STAT_OF

_DELIVERED = STAT_OF[MessageState.DELIVERED]


@define
class Ledger:
    """The messages, answers and receipts of one account. Mutable; all its sessions change it."""

    account: str
    sent: int = 0
    accepted: int = 0
    """Messages answered with ESME_ROK."""
    errors: Counter[int] = field(factory=Counter)
    """command_status → messages answered with it."""
    strays: int = 0
    """Resps that answer no unanswered message: a duplicate, or one for another session."""
    repeated_ids: int = 0
    """Answers with the message_id of another message whose receipt is missing."""
    home: int = 0
    """Receipts for a message of this account, with the message_id of its answer."""
    foreign: int = 0
    """Receipts for a message of another account."""
    unexpected: int = 0
    """Receipts for which none is awaited: a duplicate, or an unknown message_id."""
    mixed: int = 0
    """Receipts whose message_id belongs to another message."""
    undelivered: int = 0
    """Receipts with another state than DELIVRD."""
    latencies: Latencies = field(factory=Latencies)
    _awaited: dict[bytes, bytes] = field(factory=dict)
    """message_id → text of the messages whose receipt is missing."""

    @property
    def unanswered(self) -> int:
        """Messages without an answer so far."""
        return self.sent - self.accepted - self.errors.total()

    @property
    def missing(self) -> int:
        """Receipts that have not arrived so far."""
        return len(self._awaited)

    @property
    def odd_receipts(self) -> int:
        """Receipts that reached the right account and are wrong otherwise."""
        return self.unexpected + self.mixed + self.undelivered

    def send(self) -> bytes:
        """Count one more message; returns its text, at most 20 octets."""
        self.sent += 1
        return b"%b %d" % (self.account.encode(), self.sent)

    def answered(self, text: bytes, frame: Frame, seconds: float) -> None:
        """Record that ``frame`` answered the message with ``text`` after ``seconds``."""
        self.latencies.add(seconds)
        status = frame.command_status
        if status != CommandStatus.ESME_ROK or frame.command_id != CommandId.SUBMIT_SM_RESP:
            self.errors[status] += 1
            return
        self.accepted += 1
        key = message_id(frame.octets)
        if key in self._awaited:
            self.repeated_ids += 1
        self._awaited[key] = text

    def receipt(self, octets: bytes) -> None:
        """Record the receipt in ``octets``, a whole deliver_sm."""
        receipt = receipts.read(octets) or receipts.Receipt()
        text = self._awaited.pop(receipt.message_id, None)
        if receipt.text.partition(b" ")[0] != self.account.encode():
            self.foreign += 1
        elif text is None:
            self.unexpected += 1
        elif text != receipt.text:
            self.mixed += 1
        else:
            self.home += 1
            self.undelivered += receipt.stat != _DELIVERED
