"""Octets to PDUs and back, by the field lists of `pdu`, without loss.

``decode(encode(pdu)) == pdu``, and ``encode(decode(octets)) == octets`` for whatever can be
decoded. What cannot be is a `PduError`, whatever the octets. The gate relays octets and does
not come here for them; this is for those who need the fields.
"""

from __future__ import annotations

import struct
from typing import Any

from smppgate.txsmpp.constants import CommandStatus, command_name
from smppgate.txsmpp.errors import PduError, UnknownCommand
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.pdu import PDU_TYPES, Pdu, Resp
from smppgate.txsmpp.tlv import read_tlvs, write_tlvs

_HEADER = struct.Struct(">IIII")


def decode(octets: bytes) -> Pdu:
    """The PDU that ``octets`` are: one whole PDU, its 16-octet header included.

    :raises PduError: with the command_status of the field that cannot be read.
    :raises UnknownCommand: when no version of SMPP has the command_id.
    """
    if len(octets) < HEADER_SIZE:
        raise PduError(f"{len(octets)} octets are no header")
    length, command_id, command_status, sequence_number = _HEADER.unpack_from(octets)
    kind = PDU_TYPES.get(command_id)
    if kind is None:
        raise UnknownCommand(f"command_id {command_name(command_id)}")
    if length != len(octets):
        raise PduError(f"{command_name(command_id)}: command_length is not {len(octets)}")
    values: dict[str, Any] = {
        "command_status": command_status,
        "sequence_number": sequence_number,
    }
    if length == HEADER_SIZE and issubclass(kind, Resp):
        values["has_body"] = not kind.layout
    else:
        _read_body(kind, octets, values)
    return kind(**values)


def _read_body(kind: type[Pdu], octets: bytes, values: dict[str, Any]) -> None:
    """Put the fields of the body and the TLVs into ``values``."""
    name, at = "", HEADER_SIZE
    try:
        for name, codec in kind.layout:
            values[name], at = codec.read(octets, at)
        if at != len(octets):
            name = "TLVs"
            values["tlvs"] = read_tlvs(octets, at)
    except PduError as error:
        raise _named(kind, name, error) from None


def encode(pdu: Pdu) -> bytes:
    """The octets of ``pdu``, header included.

    :raises PduError: with the command_status of the field whose value has no octets.
    """
    body = _write_body(pdu) if getattr(pdu, "has_body", True) else _no_body(pdu)
    try:
        header = _HEADER.pack(
            HEADER_SIZE + len(body), pdu.command_id, pdu.command_status, pdu.sequence_number
        )
    except struct.error:
        raise _named(type(pdu), "header", PduError("no integer of 4 octets")) from None
    return header + body


def _write_body(pdu: Pdu) -> bytes:
    parts = []
    name = ""
    try:
        for name, codec in pdu.layout:
            parts.append(codec.write(getattr(pdu, name)))
        if pdu.tlvs:
            name = "TLVs"
            parts.append(write_tlvs(pdu.tlvs))
    except PduError as error:
        raise _named(type(pdu), name, error) from None
    return b"".join(parts)


def _no_body(pdu: Pdu) -> bytes:
    """No octets, for a resp that carries nothing."""
    if pdu.tlvs or any(getattr(pdu, name) for name, _ in pdu.layout):
        raise _named(
            type(pdu), "has_body", PduError("values but no body", CommandStatus.ESME_RINVCMDLEN)
        )
    return b""


def _named(kind: type[Pdu], name: str, error: PduError) -> PduError:
    return PduError(f"{command_name(kind.command_id)}: {name}: {error}", error.command_status)
