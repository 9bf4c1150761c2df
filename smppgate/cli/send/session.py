"""The session of ``smppgate send``: it prints messages and queues receipts."""

from __future__ import annotations

from attrs import frozen
from twisted.internet.defer import DeferredQueue
from twisted.internet.interfaces import IReactorTime

from smppgate.cli.esme import EsmeSession, is_receipt
from smppgate.cli.send.lines import message_line
from smppgate.txsmpp import receipts
from smppgate.txsmpp.receipts import Receipt
from smppgate.txsmpp.timers import Timers


@frozen
class ReceivedReceipt:
    """A receipt, and the time of its arrival in seconds on the session's clock."""

    receipt: Receipt
    at: float


class SendSession(EsmeSession):
    """An ESME's session for a few messages.

    :ivar receipts: the receipts in the order of their arrival; None follows the last one when
        the session has ended.
    """

    def __init__(self, clock: IReactorTime, timers: Timers) -> None:
        super().__init__(clock, timers)
        self.receipts: DeferredQueue[ReceivedReceipt | None] = DeferredQueue()

    def delivered(self, octets: bytes, now: float) -> None:
        """Queue a receipt; print a message, or a receipt without any field, as MO."""
        receipt = receipts.read(octets) if is_receipt(octets) else None
        if receipt is None:
            print(message_line(octets))
        else:
            self.receipts.put(ReceivedReceipt(receipt, now))

    def sessionEnded(self, reason: str) -> None:
        """Mark the end of the receipts."""
        self.receipts.put(None)
