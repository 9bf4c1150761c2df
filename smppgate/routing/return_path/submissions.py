"""What a request that submits a message asks for, as far as its return path depends on it."""

from __future__ import annotations

from typing import Protocol

from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import CommandId, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.located import located_tlvs

_SUBMIT_MULTI = int(CommandId.SUBMIT_MULTI)
_PAYLOAD = int(Tag.MESSAGE_PAYLOAD)
_PAYLOAD_TAG = _PAYLOAD.to_bytes(2, "big")
_ITS_END = _PAYLOAD_TAG[1]


class Submission(Protocol):
    """A request that submits a message: a frame, or an exchange."""

    @property
    def command_id(self) -> int:
        """The command_id."""

    @property
    def octets(self) -> bytes:
        """The whole PDU."""


def wants_receipt(request: Submission) -> bool:
    """Whether registered_delivery asks for anything."""
    try:
        return peek.registered_delivery(request.octets) != 0
    except PduError:
        # Some broadcast_sm have none, and of a submit_multi to many whose answer is late the end
        # is gone. For what else the gate cannot read it keeps no return path.
        return request.command_id in (CommandId.BROADCAST_SM, CommandId.SUBMIT_MULTI)


def has_several_receipts(request: Submission) -> bool:
    """Whether several final receipts may come, so that none of them is known to be the last.

    A submit_multi has one for each destination, and an SMSC that divides a message_payload into
    parts may send one for each part.
    """
    if request.command_id == _SUBMIT_MULTI:
        return True
    # One octet is looked for first, which is quick, then two: few messages have them anywhere.
    octets = request.octets
    return _ITS_END in octets and _PAYLOAD_TAG in octets and _has_payload(octets)


def _has_payload(octets: bytes) -> bool:
    try:
        _, end = peek.short_message_at(octets)
    except PduError:
        return False
    return any(tag == _PAYLOAD for tag, _, _ in located_tlvs(octets, end))
