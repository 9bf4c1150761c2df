"""`Enquiry`: the enquire_link of one end of a session: one at a time, which no window counts."""

from __future__ import annotations

from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, header_only
from smppgate.txsmpp.sequence import Outstanding, Request


class Enquiry:
    """An enquire_link of this end that is not answered, if there is one. Mutable and slotted.

    :param outstanding: gives its sequence number.
    """

    __slots__ = ("_outstanding", "number")

    def __init__(self, outstanding: Outstanding) -> None:
        self._outstanding = outstanding
        self.number = 0
        """The sequence number of the enquire_link that is not answered; 0 without one."""

    def begin(self) -> bytes:
        """The octets of an enquire_link; none while one is not answered."""
        if self.number:
            return b""
        self.number = self._outstanding.claim_aside(Request(CommandId.ENQUIRE_LINK, 0.0))
        return header_only(CommandId.ENQUIRE_LINK, 0, self.number)

    def end(self, frames: list[Frame]) -> list[Frame]:
        """The peer was heard, which ends the enquiry, whatever ``frames`` are.

        Gives the frames, with a generic_nack to the enquire_link made an enquire_link_resp.
        """
        number, self.number = self.number, 0
        self._outstanding.forget(number)
        return [_as_resp(frame) if _is_nack(frame, number) else frame for frame in frames]


def _is_nack(frame: Frame, number: int) -> bool:
    return frame.command_id == CommandId.GENERIC_NACK and frame.sequence_number == number


def _as_resp(frame: Frame) -> Frame:
    return frame._replace(command_id=CommandId.ENQUIRE_LINK_RESP)
