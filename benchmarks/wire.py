"""The few PDUs the benchmark speaks, built from the specification with struct alone.

It does not import ``smppgate.txsmpp``: what measures the gate must not share its mistakes.
"""

from __future__ import annotations

import struct
from typing import Final

# command_length, command_id, command_status, sequence_number; SMPP v3.4 §3.2.
HEADER: Final = struct.Struct(">IIII")
HEADER_SIZE: Final = HEADER.size

RESPONSE: Final = 0x80000000
BIND_RECEIVER: Final = 0x01
BIND_TRANSMITTER: Final = 0x02
SUBMIT_SM: Final = 0x04
DELIVER_SM: Final = 0x05
UNBIND: Final = 0x06
BIND_TRANSCEIVER: Final = 0x09
ENQUIRE_LINK: Final = 0x15
DATA_SM: Final = 0x103
BINDS: Final = frozenset({BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER})

SOURCE: Final = b"acme"
# Where receipts come from.
RECIPIENT: Final = b"447700900123"
# esm_class: SMSC delivery receipt; SMPP v3.4 §5.2.12.
_RECEIPT: Final = 0x04

# esm_class: UDHI indicator; SMPP v3.4 §5.2.12.
_HAS_HEADER: Final = 0x40

# An ordinary one-time password, of a length that makes a message 72 octets, whole words.
TEXT: Final = b"Your bank code is 48291"

# TLVs of a receipt; SMPP v3.4 §5.3.2.12 and §5.3.2.35.
_RECEIPTED_MESSAGE_ID: Final = 0x001E
_MESSAGE_STATE: Final = 0x0427
# SMPP v3.4 §5.3.2.32.
_MESSAGE_PAYLOAD: Final = 0x0424
_DELIVERED: Final = b"\x02"
_TLV: Final = struct.Struct(">HH")


# command_status, SMPP v3.4 §5.1.3.
SYSTEM_ERROR: Final = 0x08
THROTTLED: Final = 0x58


def pdu(command_id: int, sequence_number: int, body: bytes = b"", status: int = 0) -> bytes:
    """One whole PDU, by default with command_status 0."""
    return HEADER.pack(HEADER_SIZE + len(body), command_id, status, sequence_number) + body


def numbered(octets: bytes, sequence_number: int) -> bytes:
    """The same PDU under another number."""
    return octets[:12] + sequence_number.to_bytes(4) + octets[HEADER_SIZE:]


def bind(command_id: int, system_id: str, password: str) -> bytes:
    """A bind of that kind for interface_version 3.4, numbered 1; SMPP v3.4 §4.1.1 to §4.1.5."""
    names = system_id.encode() + b"\0" + password.encode() + b"\0"
    return pdu(command_id, 1, names + b"\0" + bytes((0x34, 0, 0)) + b"\0")


def message(
    command_id: int, destination: str, *, receipt_asked: bool = False, part: bytes = b""
) -> bytes:
    """A submit_sm or deliver_sm of one size for destinations of one length.

    SMPP v3.4 §4.4.1 and §4.6.1: both have the same mandatory fields. ``part`` is the user data
    header of one that is a part of a long message, see `part_header`.
    """
    text = part + TEXT
    # esm_class, protocol_id, priority_flag, two absent times, then registered_delivery,
    # replace_if_present_flag, data_coding, sm_default_msg_id and sm_length.
    esm_class = _HAS_HEADER if part else 0
    flags = bytes((esm_class, 0, 0, 0, 0, int(receipt_asked), 0, 0, 0, len(text)))
    return pdu(command_id, 0, b"\0" + _addresses(destination) + flags + text)


def data_sm(destination: str) -> bytes:
    """A data_sm with the same text, as its message_payload; SMPP v3.4 §4.7.1."""
    # esm_class, registered_delivery and data_coding.
    return pdu(
        DATA_SM, 0, b"\0" + _addresses(destination) + bytes(3) + tlv(_MESSAGE_PAYLOAD, TEXT)
    )


def part_header(reference: int, total: int, number: int) -> bytes:
    """The user data header of part ``number`` of ``total``; 3GPP TS 23.040 §9.2.3.24.1."""
    return bytes((5, 0, 3, reference, total, number))


def _addresses(destination: str) -> bytes:
    return b"\x05\x00" + SOURCE + b"\0" + b"\x01\x01" + destination.encode() + b"\0"


def receipt(message_id: bytes, *, tlvs: bool = False, state: str = "DELIVRD") -> bytes:
    """A deliver_sm that says of ``message_id`` that it was delivered; numbered 0.

    With ``tlvs`` it says so in TLVs too, as most SMSCs do; in the text in any case. ``state`` is
    another word there, which TLVs know nothing of. SMPP v3.4 §4.6.1, and appendix B for the text.
    """
    text = (
        b"id:" + message_id + b" sub:001 dlvrd:001 submit date:2611231755"
        b" done date:2611231755 stat:" + state.encode() + b" err:000 text:"
    )
    addresses = b"\x01\x01" + RECIPIENT + b"\0" + b"\x05\x00" + SOURCE + b"\0"
    flags = bytes((_RECEIPT, 0, 0, 0, 0, 0, 0, 0, 0, len(text)))
    more = tlv(_RECEIPTED_MESSAGE_ID, message_id + b"\0") + tlv(_MESSAGE_STATE, _DELIVERED)
    return pdu(DELIVER_SM, 0, b"\0" + addresses + flags + text + (more if tlvs else b""))


def places(octets: bytes, message_id: bytes) -> tuple[int, ...]:
    """Where ``message_id`` stands in a PDU; an empty one stands nowhere."""
    found = []
    place = octets.find(message_id) if message_id else -1
    while place >= 0:
        found.append(place)
        place = octets.find(message_id, place + len(message_id))
    return tuple(found)


def tlv(tag: int, value: bytes) -> bytes:
    """The octets of a TLV."""
    return _TLV.pack(tag, len(value)) + value
