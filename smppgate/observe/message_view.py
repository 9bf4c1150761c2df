"""What a line says of the octets of a message: its addresses, its part, its text."""

from __future__ import annotations

from collections.abc import Mapping

from smppgate.observe.formats import Value
from smppgate.txsmpp import peek
from smppgate.txsmpp.alphabet import decode_text
from smppgate.txsmpp.constants import CommandId, EsmClass, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.located import first_value, tlvs_near
from smppgate.txsmpp.peek import Address
from smppgate.txsmpp.receipts import read
from smppgate.txsmpp.segments import segment_of
from smppgate.txsmpp.user_data_header import header_size

_MANY, _BROADCAST = int(CommandId.SUBMIT_MULTI), int(CommandId.BROADCAST_SM)
_UDHI, _PAYLOAD = int(EsmClass.UDHI), int(Tag.MESSAGE_PAYLOAD)


def addresses(octets: bytes) -> Mapping[str, Value]:
    """Source and destination of a message, as far as they can be found."""
    found: dict[str, Value] = {}
    try:
        _put(found, "source", peek.sender(octets)[1])
        destination = _destination(octets)
    except PduError:
        return found
    if destination is not None:
        _put(found, "destination", destination)
    return found


def _destination(octets: bytes) -> Address | None:
    """Where a message goes; the first place of several.

    :raises PduError: where it cannot be found.
    """
    command = octets[7]
    if command == _MANY & 0xFF:
        number = peek.first_destination(octets)
        return Address(peek.first_destination_ton(octets), 0, number) if number else None
    return None if command == _BROADCAST & 0xFF else peek.destination_address(octets)


def _put(found: dict[str, Value], name: str, address: Address) -> None:
    found[name] = address.addr.decode("latin-1")
    found[f"{name}_ton"], found[f"{name}_npi"] = address.ton, address.npi


def parts(octets: bytes) -> str:
    """Which part of how many a message is, ``2/3``; empty for a whole one."""
    segment = segment_of(octets)
    return f"{segment.number}/{segment.total}" if segment is not None else ""


def text(octets: bytes) -> str:
    """The text of a message, without user data header; empty where it cannot be found."""
    try:
        begin, end = peek.short_message_at(octets)
        coding, esm_class = peek.data_coding(octets), peek.esm_class(octets)
    except PduError:
        return ""
    message = octets[begin:end] or first_value(tlvs_near(octets, end)[1], _PAYLOAD)
    begin = header_size(message) if esm_class & _UDHI else 0
    return decode_text(message[begin:], coding)


def error(octets: bytes) -> str:
    """The error that a receipt tells: of its text, else its TLV network_error_code as digits."""
    told = read(octets)
    if told is None:
        return ""
    return told.err.decode("latin-1") or told.network_error_code.hex()
