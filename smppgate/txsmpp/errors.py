"""What can go wrong on an SMPP session.

Two kinds, never mixed. A `ProtocolError` is the peer's doing and knows the
``command_status`` to answer with. The others are told to local callers whose request got no
answer.
"""

from __future__ import annotations

from smppgate.txsmpp.constants import CommandStatus


class SmppError(Exception):
    """Any error of this package."""


class ProtocolError(SmppError):
    """A peer sent what the specification does not allow.

    ``command_status`` (4-octet integer) is what the peer is to be answered, SMPP v5.0 §4.7.6.
    """

    command_status: int = CommandStatus.ESME_RUNKNOWNERR

    def __init__(self, message: str, command_status: int | None = None) -> None:
        super().__init__(message)
        if command_status is not None:
            self.command_status = command_status


class FrameError(ProtocolError):
    """A command_length that no PDU can have: the stream cannot be read any further.

    ``sequence_number`` is the bad PDU's own where its header is there to read, else 0.
    """

    command_status = CommandStatus.ESME_RINVCMDLEN

    def __init__(self, message: str, sequence_number: int = 0) -> None:
        super().__init__(message)
        self.sequence_number = sequence_number


class PduError(ProtocolError):
    """The body of a PDU cannot be decoded, or a value cannot be encoded."""

    command_status = CommandStatus.ESME_RINVCMDLEN


class UnknownCommand(ProtocolError):
    """A command_id that no version of the specification has."""

    command_status = CommandStatus.ESME_RINVCMDID


class StateError(ProtocolError):
    """A command that the session's state does not allow."""

    command_status = CommandStatus.ESME_RINVBNDSTS


class NoAnswer(SmppError):
    """A request of ours ended without an answer."""


class RequestTimeout(NoAnswer):
    """The peer did not answer within the response timer."""


class GivenUp(RequestTimeout):
    """The answer is waited for no longer, though its time is not over."""


class SessionLost(NoAnswer):
    """The session ended while the request was outstanding."""


class WindowFull(NoAnswer):
    """The request was not sent: too many wait for room in the window already."""


class BindRefused(SmppError):
    """The peer answered a bind with an error; ``command_status`` is what it said."""

    def __init__(self, command_status: int, meaning: str) -> None:
        super().__init__(f"bind refused: {meaning} (0x{command_status:08X})")
        self.command_status = command_status


class Nacked(SmppError):
    """The peer answered a request with a generic_nack; ``command_status`` is what it said."""

    def __init__(self, command_status: int, meaning: str) -> None:
        super().__init__(f"generic_nack: {meaning} (0x{command_status:08X})")
        self.command_status = command_status
