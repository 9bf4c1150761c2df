"""`NotTaken`: why a node gives another one no answer of an ESME."""

from __future__ import annotations

from enum import IntEnum

from smppgate.gate.peers.fields import FAILED, field
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import NoAnswer, RequestTimeout, SessionLost
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, resp

_STATUS = int(CommandStatus.ESME_RX_T_APPN)
_HEAD = field(FAILED, b"?")[:-1]


class NotTaken(IntEnum):
    """Why a message that came from another node has no answer of an ESME."""

    FULL = 0
    """Its session, or all of its account here, cannot take it now: no ESME has been sent it."""
    LOST = 1
    """The session ended before it had answered."""
    TIMED_OUT = 2
    """The ESME did not answer in time."""

    @classmethod
    def of(cls, reason: NoAnswer) -> NotTaken:
        """What a node tells where it has no answer for that reason."""
        return cls.TIMED_OUT if isinstance(reason, RequestTimeout) else cls.LOST

    def resp(self, command_id: int, sequence_number: int) -> bytes:
        """The octets of the resp that tells it."""
        return resp(command_id, _STATUS, sequence_number, field(FAILED, bytes((self,))))

    @classmethod
    def told_in(cls, frame: Frame) -> NotTaken | None:
        """What a resp tells; None where it is the answer of an ESME."""
        if frame.command_status != _STATUS or frame.octets[HEADER_SIZE:][:4] != _HEAD:
            return None
        try:
            return cls(int.from_bytes(frame.octets[HEADER_SIZE + 4 : HEADER_SIZE + 5], "big"))
        except ValueError:
            return cls.LOST

    def as_error(self) -> NoAnswer:
        """The same as the session of an ESME would have ended a request."""
        if self is NotTaken.TIMED_OUT:
            return RequestTimeout("the ESME did not answer in time, at another node")
        if self is NotTaken.LOST:
            return SessionLost("the session at another node ended")
        return SessionLost("no session at another node can take it now")
