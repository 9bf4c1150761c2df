"""`ReceiptDelivery`: a receipt under way to its ESME, after which its return path may end."""

from __future__ import annotations

from typing import NamedTuple

from smppgate.gate.deliver.delivery import Delivery
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.routing.exchange import ExchangeListener
from smppgate.routing.return_path.records import ReturnPath
from smppgate.routing.sessions import SmscSession
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.located_receipt import LocatedReceipt


class Matched(NamedTuple):
    """A receipt whose return path is known.

    ``message_id`` is the SMSC's id of the message, as its return path ``path`` is kept under it;
    ``key`` is the key that this is kept under.
    """

    receipt: LocatedReceipt
    message_id: bytes
    path: ReturnPath
    key: bytes


class ReceiptDelivery(Delivery):
    """A receipt whose return path is known. Mutable and slotted.

    Once the ESME has answered a final receipt ESME_ROK, the return path is kept for a set time
    only. The parts of ``matched`` are attributes of the delivery; ``path_key`` is its key.
    """

    __slots__ = ("_return_paths", "message_id", "path", "path_key", "receipt")

    def __init__(
        self,
        correlator: ExchangeListener,
        return_paths: ReturnPathKeeper,
        link: SmscSession,
        frame: Frame,
        matched: Matched,
        sent_at: float,
    ) -> None:
        super().__init__(correlator, link, frame, sent_at)
        self.is_receipt = True
        self._return_paths = return_paths
        self.receipt, self.message_id, self.path, self.path_key = matched

    def answered(self, frame: Frame, now: float) -> None:
        """The ESME answered."""
        if not frame.command_status and self.receipt.is_final:
            center = self.link.smsc.center
            self._return_paths.end(center, self.message_id, self.path, self.path_key)
        # `Delivery.answered`, written out for the hot path.
        if self.shares is not None:
            self.shares.ended(self.session, now)
        self.correlator.answered(self, frame, now)
