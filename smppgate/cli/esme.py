"""The ESME's session that the commands build on: it acknowledges what is delivered to it."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.located_receipt import Recognition, located_receipt
from smppgate.txsmpp.protocol import SmppProtocol
from smppgate.txsmpp.states import Role
from smppgate.txsmpp.timers import Timers

_DELIVERIES = frozenset({CommandId.DELIVER_SM, CommandId.DATA_SM})

# The resp to a deliver_sm has an empty message_id, a single NUL: SMPP v3.4 §4.6.2.
_EMPTY_MESSAGE_ID = b"\0"


class EsmeSession(SmppProtocol):
    """Answers every deliver_sm and data_sm with ESME_ROK and passes it to `delivered`.

    Other requests get the answer of `SmppProtocol`, ESME_RINVCMDID.
    """

    def __init__(
        self, clock: IReactorTime, timers: Timers | None = None, batch: Batch | None = None
    ) -> None:
        super().__init__(Role.ESME, clock, timers, batch=batch)

    def requestReceived(self, frame: Frame, now: float) -> None:
        """Answer a deliver_sm or data_sm, then hand it to `delivered`."""
        if frame.command_id not in _DELIVERIES:
            super().requestReceived(frame, now)
            return
        self.send(response(frame, CommandStatus.ESME_ROK, _EMPTY_MESSAGE_ID))
        self.delivered(frame.octets, now)

    def delivered(self, octets: bytes, now: float) -> None:
        """A deliver_sm or data_sm arrived at ``now`` and was answered.

        :param octets: the whole PDU; its body may be malformed.
        """
        raise NotImplementedError


def is_receipt(octets: bytes) -> bool:
    """Whether a deliver_sm or data_sm is a receipt: by esm_class, by its TLV or by its text."""
    return located_receipt(octets).recognition is not Recognition.NONE
