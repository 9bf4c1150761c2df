"""What an ESME of the demo writes down, so that nothing wrong can pass for right.

Each message has a text of its own, which begins with the account's name. The SMSC puts the text
into the receipt. So a receipt proves three things: it is at the account that sent the message,
its id is one that the account was given, and the id was given for that very message: an answer
that went to the wrong request, though under a right number, shows.
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
    """One account's messages, answers and receipts. Mutable; all its sessions write in it."""

    account: str
    sent: int = 0
    accepted: int = 0
    """Messages answered with ESME_ROK."""
    errors: Counter[int] = field(factory=Counter)
    """command_status → messages answered with it."""
    strays: int = 0
    """Answers to no message that is unanswered: a second one, or somebody else's."""
    repeated_ids: int = 0
    """Answers with an id that another message has."""
    home: int = 0
    """Receipts for a message of this account's, under the id that it was given."""
    foreign: int = 0
    """Receipts for another account's message."""
    unexpected: int = 0
    """Receipts under an id that none is awaited for: a second one, or never given."""
    mixed: int = 0
    """Receipts whose id was given for another message."""
    undelivered: int = 0
    """Receipts that do not say that the message was delivered."""
    latencies: Latencies = field(factory=Latencies)
    _awaited: dict[bytes, bytes] = field(factory=dict)
    """message_id → text, until the receipt comes."""

    @property
    def unanswered(self) -> int:
        """Messages without an answer."""
        return self.sent - self.accepted - self.errors.total()

    @property
    def missing(self) -> int:
        """Receipts that have not come home."""
        return len(self._awaited)

    @property
    def odd_receipts(self) -> int:
        """Receipts that are here rightly, but wrong in themselves."""
        return self.unexpected + self.mixed + self.undelivered

    def send(self) -> bytes:
        """One more message; gives its text, at most 20 octets."""
        self.sent += 1
        return b"%b %d" % (self.account.encode(), self.sent)

    def answered(self, text: bytes, frame: Frame, seconds: float) -> None:
        """The message with ``text`` was answered with ``frame`` after so long."""
        self.latencies.add(seconds)
        status = frame.command_status
        if status != CommandStatus.ESME_ROK or frame.command_id != CommandId.SUBMIT_SM_RESP:
            self.errors[status] += 1
            return
        self.accepted += 1
        given = message_id(frame.octets)
        if given in self._awaited:
            self.repeated_ids += 1
        self._awaited[given] = text

    def receipt(self, octets: bytes) -> None:
        """A deliver_sm came."""
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
