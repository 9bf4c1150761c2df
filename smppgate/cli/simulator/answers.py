"""The answers of a simulated SMSC to query_sm, cancel_sm and replace_sm."""

from __future__ import annotations

from collections.abc import Callable

from smppgate.cli.simulator import pdus
from smppgate.cli.simulator.messages import Messages
from smppgate.txsmpp import peek
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId, CommandStatus, MessageState
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, response
from smppgate.txsmpp.pdu import QuerySmResp

Answer = Callable[[Messages, Frame, float, float], bytes]
"""Returns the octets of the resp to a request, given the time of its arrival twice: in seconds on
the SMSC's clock, and in seconds since the epoch.

Raises `PduError` for a request without a readable message_id."""


def query_sm(messages: Messages, frame: Frame, now: float, wall: float) -> bytes:
    """The state of the message; ESME_RQUERYFAIL for an unknown id."""
    message_id = peek.message_id(frame.octets)
    state = messages.state(message_id, now)
    if state is None:
        return response(frame, CommandStatus.ESME_RQUERYFAIL)
    is_final = state is not MessageState.ENROUTE
    resp = QuerySmResp(
        message_id=message_id,
        final_date=pdus.short_date(wall) if is_final else b"",
        message_state=state,
    )
    return response(frame, CommandStatus.ESME_ROK, encode(resp)[HEADER_SIZE:])


def cancel_sm(messages: Messages, frame: Frame, now: float, wall: float) -> bytes:
    """Cancel a message that is ENROUTE; ESME_RCANCELFAIL for any other."""
    done = messages.delete(peek.message_id(frame.octets), now)
    return response(frame, CommandStatus.ESME_ROK if done else CommandStatus.ESME_RCANCELFAIL)


def replace_sm(messages: Messages, frame: Frame, now: float, wall: float) -> bytes:
    """Accept a new text for a message that is ENROUTE; ESME_RREPLACEFAIL for any other."""
    state = messages.state(peek.message_id(frame.octets), now)
    done = state is MessageState.ENROUTE
    return response(frame, CommandStatus.ESME_ROK if done else CommandStatus.ESME_RREPLACEFAIL)


ANSWERS: dict[int, Answer] = {
    CommandId.QUERY_SM: query_sm,
    CommandId.CANCEL_SM: cancel_sm,
    CommandId.REPLACE_SM: replace_sm,
}
"""command_id of the request → its answer."""
