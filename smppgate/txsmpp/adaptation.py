"""What a PDU must become for a peer of another version.

A peer of SMPP 3.3 knows no TLVs, and one of 3.4 not those that 5.0 brought in; what they are not
to see is cut out, and all other octets stay (SMPP v3.4 §1.6.1, v5.0 §1.4). A text that is in a
TLV goes where a peer of 3.3 finds it, which part of a long message it is and for which port goes
into its user data header (`sar_header`), and a receipt tells all in its text (`short_receipts`).
What would be lost is refused, with a status for the sender.

Where the TLVs begin is found by offset. A PDU whose fields cannot be found goes as it is: the peer
judges it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import (
    CommandId,
    CommandStatus,
    EsmClass,
    Tag,
    command_name,
    is_request,
)
from smppgate.txsmpp.destinations import UnsuccessSmes
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.fields import COctetString, FieldCodec, Integer, Octet
from smppgate.txsmpp.frame import HEADER_SIZE, spliced
from smppgate.txsmpp.located import LocatedTlv, located_tlvs
from smppgate.txsmpp.located_receipt import Recognition, located_receipt
from smppgate.txsmpp.pdu import PDU_TYPES
from smppgate.txsmpp.receipt_rewriting import LONGEST_SHORT_MESSAGE
from smppgate.txsmpp.sar_header import with_sar_header
from smppgate.txsmpp.short_receipts import short_text
from smppgate.txsmpp.versions import Version

__all__ = ["LONGEST_ADDRESS", "LONGEST_SHORT_MESSAGE", "adapted", "to_deliver_sm"]

LONGEST_ADDRESS = 20
"""Octets of an address in a deliver_sm, without its NUL, SMPP v3.4 §4.6.1."""

_DELIVER_SM = CommandId.DELIVER_SM.to_bytes(4, "big")
_MESSAGES = frozenset(
    {CommandId.SUBMIT_SM, CommandId.SUBMIT_MULTI, CommandId.DELIVER_SM, CommandId.DATA_SM}
)
_UNSUCCESS_SMES = UnsuccessSmes()


def _patterns(codec: FieldCodec) -> Iterator[bytes]:
    match codec:
        case Octet():
            yield rb"."
        case Integer(size=size):
            yield rb".{%d}" % size
        case COctetString():
            yield rb"[^\0]*+\0"


def _fixed_fields(command_id: int) -> re.Pattern[bytes]:
    """A body up to the field that says itself how long it is, if there is one: it is the last."""
    codecs = (codec for _, codec in PDU_TYPES[command_id].layout)
    return re.compile(b"".join(part for codec in codecs for part in _patterns(codec)), re.DOTALL)


_FIXED_FIELDS = {
    command_id: _fixed_fields(command_id) for command_id in PDU_TYPES.keys() - _MESSAGES
}
_WITH_TEXT = frozenset(
    command_id
    for command_id, kind in PDU_TYPES.items()
    if any(name == "short_message" for name, _ in kind.layout)
)


def adapted(octets: bytes, to: Version, pass_newer: bool) -> bytes:
    """The same PDU for a peer of version ``to``.

    For 3.3 without its TLVs: a message_payload becomes short_message where that has no text of
    its own, SAR and port TLVs a user data header, a receipt a text that names its id. For 3.4
    without those that only 5.0 defines, unless ``pass_newer``; TLVs of vendors (0x1400 to
    0x3FFF) and unknown ones stay. Where they cannot be told apart, or are more than
    `located.MOST_TLVS`, all stay. ``octets`` are one whole PDU, a request or a resp, with or
    without a body.

    :raises PduError: ESME_RINVMSGLEN where the text with its header is longer than 254 octets,
        and no receipt; ESME_RINVCMDID for a request that the version does not have.
    """
    command_id = int.from_bytes(octets[4:8], "big")
    if is_request(command_id) and command_id not in to.commands:
        problem = f"{command_name(command_id)}: not in SMPP {to.name}"
        raise PduError(problem, CommandStatus.ESME_RINVCMDID)
    if to.tlvs and (pass_newer or not to.newer_tags):
        return octets
    begin, behind = _text_at(octets, command_id)
    if behind >= len(octets):
        return octets
    if to.tlvs:
        return _without(octets, behind, to.newer_tags)
    if command_id not in _WITH_TEXT:
        return spliced(octets, behind, len(octets), b"")
    tlvs = located_tlvs(octets, behind)
    text = _text(octets, begin, behind, tlvs)
    if command_id == CommandId.REPLACE_SM:
        return spliced(octets, begin - 1, len(octets), _counted(text))
    at = peek.esm_class_at(octets)
    esm_class, text = _told(octets, octets[at], text, tlvs)
    return spliced(
        octets, at, len(octets), bytes((esm_class,)) + octets[at + 1 : begin - 1] + _counted(text)
    )


def to_deliver_sm(octets: bytes) -> bytes:
    """A whole data_sm as the deliver_sm of the same number, for a peer of 3.3: without TLVs.

    They become what they become in `adapted`; what a data_sm does not have is zero or empty.
    SMPP v3.4 §4.6.1, §4.7.1. The deliver_sm_resp to it answers the data_sm.

    :raises PduError: ESME_RINVMSGLEN where the text with its header is longer than 254 octets,
        and no receipt; ESME_RINVSRCADR or ESME_RINVDSTADR where an address is longer than 20;
        the status of a field that cannot be found.
    """
    if len(peek.source(octets)) > LONGEST_ADDRESS:
        raise _too_long("source_addr", CommandStatus.ESME_RINVSRCADR)
    if len(peek.destination(octets)) > LONGEST_ADDRESS:
        raise _too_long("destination_addr", CommandStatus.ESME_RINVDSTADR)
    behind, _ = peek.short_message_at(octets)
    esm_class, registered_delivery, data_coding = octets[behind - 3 : behind]
    tlvs = located_tlvs(octets, behind)
    esm_class, text = _told(octets, esm_class, _text(octets, behind, behind, tlvs), tlvs)
    fields = bytes((esm_class, 0, 0, 0, 0, registered_delivery, 0, data_coding, 0))
    whole = spliced(octets, behind - 3, len(octets), fields + _counted(text))
    return whole[:4] + _DELIVER_SM + whole[8:]


def _text(octets: bytes, begin: int, end: int, tlvs: tuple[LocatedTlv, ...]) -> bytes:
    """short_message, or a message_payload that is whole where that is but NULs and blanks."""
    short_message = octets[begin:end]
    if not short_message.strip(b"\0 "):
        for tag, at, value in tlvs:
            if tag == Tag.MESSAGE_PAYLOAD and _is_whole(octets, at, value):
                return value
    return short_message


def _told(
    octets: bytes, esm_class: int, text: bytes, tlvs: tuple[LocatedTlv, ...]
) -> tuple[int, bytes]:
    """esm_class and text that tell what the TLVs do."""
    recognition = located_receipt(octets).recognition
    if recognition is Recognition.NONE:
        return with_sar_header(esm_class, text, tlvs)
    if recognition is Recognition.TLV:
        # Without its TLVs nothing else would say that it is a receipt.
        esm_class |= EsmClass.MC_DELIVERY_RECEIPT
    return esm_class, short_text(octets)


def _counted(text: bytes) -> bytes:
    """sm_length and short_message.

    :raises PduError: ESME_RINVMSGLEN when it is too long.
    """
    if len(text) > LONGEST_SHORT_MESSAGE:
        raise _too_long("message_payload", CommandStatus.ESME_RINVMSGLEN)
    return bytes((len(text),)) + text


def _too_long(name: str, status: int) -> PduError:
    return PduError(f"{name}: too long for SMPP 3.3", status)


def _is_whole(octets: bytes, at: int, value: bytes) -> bool:
    return int.from_bytes(octets[at - 2 : at], "big") == len(value)


def _without(octets: bytes, behind: int, tags: frozenset[int]) -> bytes:
    tlvs = located_tlvs(octets, behind)
    if not any(tlv.tag in tags for tlv in tlvs) or not _all_whole(octets, tlvs):
        return octets
    kept, at = [], behind
    for tag, value_at, value in tlvs:
        if tag in tags:
            kept.append(octets[at : value_at - 4])
            at = value_at + len(value)
    return spliced(octets, behind, len(octets), b"".join((*kept, octets[at:])))


def _all_whole(octets: bytes, tlvs: tuple[LocatedTlv, ...]) -> bool:
    """Whether nothing is behind the last TLV, and nothing of it is missing."""
    _, at, value = tlvs[-1]
    return at + len(value) == len(octets) and _is_whole(octets, at, value)


def _text_at(octets: bytes, command_id: int) -> tuple[int, int]:
    """Offsets of short_message and behind it; without one, both are where the TLVs begin.

    They are the end of the PDU where its fields cannot be found.
    """
    try:
        if command_id in _MESSAGES:
            return peek.short_message_at(octets)
        found = _FIXED_FIELDS[command_id].match(octets, HEADER_SIZE)
        if found is not None:
            begin = found.end()
            if command_id in _WITH_TEXT:
                return begin + 1, begin + 1 + octets[begin]
            if command_id == CommandId.SUBMIT_MULTI_RESP:
                begin = _UNSUCCESS_SMES.read(octets, begin)[1]
            return begin, begin
    except (LookupError, PduError):
        pass
    return len(octets), len(octets)
