"""Answers as octets: to a bind, and what a program says to a request."""

from __future__ import annotations

from typing import TypeAlias, cast

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import RESPONSE_BIT, Tag, command_name
from smppgate.txsmpp.frame import HEADER_SIZE, Frame, renumbered
from smppgate.txsmpp.pdu import PDU_TYPES, BindTransceiverResp, Resp
from smppgate.txsmpp.tlv import Tlv
from smppgate.txsmpp.versions import Version

Answer: TypeAlias = Resp | int | None
"""A resp, whose sequence number is filled in; or a command_status, for a resp with nothing else in
it; or None for ESME_ROK."""


def answer_octets(request: Frame, answer: Answer) -> bytes:
    """The octets of ``answer`` to ``request``.

    :raises TypeError: when it is no answer, or one to another command.
    :raises PduError: when it cannot be encoded.
    """
    command_id = request.command_id | RESPONSE_BIT
    if answer is None or isinstance(answer, int):
        kind = cast(type[Resp], PDU_TYPES[command_id])
        answer = kind(command_status=answer or 0, has_body=not answer)
    if getattr(answer, "command_id", None) != command_id:
        told = command_name(request.command_id)
        raise TypeError(f"{type(answer).__name__} does not answer {told}")
    return renumbered(encode(answer), request.sequence_number)


def bind_resp_body(system_id: bytes, version: Version) -> bytes:
    """The body of a bind_resp with ESME_ROK, of whatever bind, to a peer that speaks ``version``.

    A peer of 3.4 or later is told that version in sc_interface_version, SMPP v3.4 §5.3.2.25.

    :param system_id: who was bound to, at most 64 octets.
    """
    tlvs: tuple[Tlv, ...] = ()
    if version.tlvs:
        tlvs = (Tlv.of(Tag.SC_INTERFACE_VERSION, version.interface_version),)
    return encode(BindTransceiverResp(system_id=system_id, tlvs=tlvs))[HEADER_SIZE:]
