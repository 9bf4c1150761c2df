"""`FinalReceipt`: the delivery of a final receipt, after which its return path may end."""

from __future__ import annotations

from smppgate.gate.deliver.delivery import Delivery
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.txsmpp.frame import Frame


class FinalReceipt(Delivery):
    """A final receipt under way to the ESME. Mutable and slotted.

    Once the ESME has answered ESME_ROK, the return path is kept for a set time only.

    :ivar keys: the keys of the return path and of what is kept beside it.
    """

    __slots__ = ("keys", "return_paths")

    keys: tuple[bytes, ...]
    return_paths: ReturnPathKeeper

    def answered(self, frame: Frame, now: float) -> None:
        """The ESME answered."""
        if frame.command_status == 0:
            self.return_paths.ends.add(self.keys, now)
        super().answered(frame, now)
