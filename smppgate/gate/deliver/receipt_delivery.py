"""`ReceiptDelivery`: a receipt under way to its ESME, after which its return path may end."""

from __future__ import annotations

from smppgate.gate.deliver.delivery import Delivery
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.routing.return_path.records import ReturnPath
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.located_receipt import LocatedReceipt


class ReceiptDelivery(Delivery):
    """A receipt whose return path is known. Mutable and slotted.

    Once the ESME has answered a final receipt ESME_ROK, the return path is kept for a set time
    only.

    :ivar receipt: what was read of it.
    :ivar message_id: the SMSC's id of the message, as its return path is kept under it.
    :ivar path: that return path; ``key``: the key that it is kept under.
    """

    __slots__ = ("key", "message_id", "path", "receipt", "return_paths")

    receipt: LocatedReceipt
    message_id: bytes
    path: ReturnPath
    key: bytes
    return_paths: ReturnPathKeeper

    def answered(self, frame: Frame, now: float) -> None:
        """The ESME answered."""
        if not frame.command_status and self.receipt.is_final:
            center = self.link.smsc.center
            self.return_paths.end(center, self.message_id, self.path, self.key)
        # `Delivery.answered`, written out for the hot path.
        if self.shares is not None:
            self.shares.ended(self.session, now)
        self.correlator.answered(self, frame, now)
