"""Delivery receipts: recognise one, read it, write its text.

A receipt is a deliver_sm or data_sm whose esm_class says so. What it is about stands in TLVs, in
a text of a form that SMPP v3.4 appendix B suggests, or in both, and SMSCs differ in all of it:
fields missing or in another order, names in another case, spaces around the colon, dates with
seconds. So reading takes what is there and never raises; what is not there is empty.

Putting another id into a receipt is not done here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import Struct

import attrs

from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import DataCoding, EsmClass, MessageState, Tag
from smppgate.txsmpp.errors import PduError

RECEIPT_TYPES: frozenset[int] = frozenset(
    {
        EsmClass.MC_DELIVERY_RECEIPT,
        EsmClass.SME_DELIVERY_ACKNOWLEDGEMENT,
        EsmClass.SME_USER_ACKNOWLEDGEMENT,
        EsmClass.INTERMEDIATE_NOTIFICATION,
    }
)
"""Message types, bits 5 to 2 of esm_class, of what reports about an earlier message."""

STAT_OF: dict[int, bytes] = {
    MessageState.SCHEDULED: b"SCHEDULED",
    MessageState.ENROUTE: b"ENROUTE",
    MessageState.DELIVERED: b"DELIVRD",
    MessageState.EXPIRED: b"EXPIRED",
    MessageState.DELETED: b"DELETED",
    MessageState.UNDELIVERABLE: b"UNDELIV",
    MessageState.ACCEPTED: b"ACCEPTD",
    MessageState.UNKNOWN: b"UNKNOWN",
    MessageState.REJECTED: b"REJECTD",
    MessageState.SKIPPED: b"SKIPPED",
}
"""message_state → the word for it in a receipt's text, SMPP v3.4 appendix B, v5.0 §4.7.15."""

# Plain, because a member of an enumeration costs more to look up than to use.
_MESSAGE_TYPE = int(EsmClass.MESSAGE_TYPE_MASK)

_TLV_HEADER = Struct(">HH")

# A name stands at the start or behind something that is no part of a word, and has a colon.
_NAME = re.compile(
    rb"(?<!\w)(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text)[ ]*:", re.IGNORECASE
)

# Some SMSCs count a NUL into sm_length.
_WORD = re.compile(rb"[^\s,;\0]+")

# How most receipts begin. What it matches the general way reads the same, ten times as slowly.
_USUAL_ID = re.compile(rb"id:(\w+) (?! *:)")


@attrs.frozen(kw_only=True)
class Receipt:
    """What a receipt tells, each value as its octets stand there and empty where it is missing.

    ``message_id`` is the id that the submit_sm_resp gave, perhaps in another notation;
    ``stat`` such a word as ``DELIVRD``; ``err`` the network's error; the dates are
    ``YYMMDDhhmm`` or ``YYMMDDhhmmss``; ``text`` is the beginning of the message. ``state`` is
    the message_state TLV, a `MessageState` or any other octet, None without one;
    ``network_error_code`` the three octets of that TLV.
    """

    message_id: bytes = b""
    sub: bytes = b""
    dlvrd: bytes = b""
    submit_date: bytes = b""
    done_date: bytes = b""
    stat: bytes = b""
    err: bytes = b""
    text: bytes = b""
    state: int | None = None
    network_error_code: bytes = b""


def is_receipt(esm_class: int) -> bool:
    """Whether a deliver_sm or data_sm with this esm_class (one octet) reports on a message.

    It does when bits 5 to 2 say MC delivery receipt (0x04), SME delivery acknowledgement (0x08),
    SME manual or user acknowledgement (0x10) or intermediate notification (0x20).
    SMPP v3.4 §5.2.12, v5.0 §4.7.12.
    """
    return esm_class & _MESSAGE_TYPE in RECEIPT_TYPES


def receipt_id(octets: bytes) -> bytes | None:
    """The id of the message that a receipt is about, or None where there is none to find.

    ``octets`` are a whole deliver_sm or data_sm. The TLV receipted_message_id comes first, then
    ``id:`` in the text.
    """
    message, tlvs = _parts(octets)
    message_id = _c_string(tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b""))
    return message_id or _text_id(message)


def read(octets: bytes) -> Receipt | None:
    """What the receipt in a whole deliver_sm or data_sm tells; None where it tells nothing.

    Where text and TLVs both have an id or a state, the TLVs count.
    """
    message, tlvs = _parts(octets)
    fields = _fields(message)
    state = tlvs.get(Tag.MESSAGE_STATE, b"")[:1]
    receipt = Receipt(
        message_id=_c_string(tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"")) or fields.get(b"id", b""),
        sub=fields.get(b"sub", b""),
        dlvrd=fields.get(b"dlvrd", b""),
        submit_date=fields.get(b"submitdate", b""),
        done_date=fields.get(b"donedate", b""),
        stat=fields.get(b"stat", b"") or STAT_OF.get(state[0] if state else -1, b""),
        err=fields.get(b"err", b""),
        text=fields.get(b"text", b""),
        state=state[0] if state else None,
        network_error_code=tlvs.get(Tag.NETWORK_ERROR_CODE, b""),
    )
    return receipt if receipt != Receipt() else None


def receipt_text(receipt: Receipt) -> bytes:
    """The text of SMPP v3.4 appendix B; what is empty gets its usual value.

    Only the first 20 octets of ``text`` are written. The result is for short_message.
    """
    return b" ".join(
        (
            b"id:" + receipt.message_id,
            b"sub:" + (receipt.sub or b"001"),
            b"dlvrd:" + (receipt.dlvrd or b"001"),
            b"submit date:" + receipt.submit_date,
            b"done date:" + receipt.done_date,
            b"stat:" + (receipt.stat or STAT_OF[MessageState.DELIVERED]),
            b"err:" + (receipt.err or b"000"),
            b"text:" + receipt.text[:20],
        )
    )


def _parts(octets: bytes) -> tuple[bytes, dict[int, bytes]]:
    """The text, from short_message or else message_payload, and the TLVs, first of each tag."""
    try:
        begin, end = peek.short_message_at(octets)
        coding = peek.data_coding(octets)
    except PduError:
        return b"", {}
    tlvs = _tlvs(octets, end)
    message = octets[begin:end] or tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
    if coding == DataCoding.UCS2:
        message = message.decode("utf-16-be", "replace").encode("latin-1", "replace")
    return message, tlvs


def _tlvs(octets: bytes, at: int) -> dict[int, bytes]:
    """The TLVs from ``at`` on, as far as they can be read."""
    found: dict[int, bytes] = {}
    while at + 4 <= len(octets):
        tag, length = _TLV_HEADER.unpack_from(octets, at)
        found.setdefault(tag, octets[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def _c_string(octets: bytes) -> bytes:
    return octets.partition(b"\0")[0].strip()


def _fields(message: bytes) -> dict[bytes, bytes]:
    """The text's fields by their names, first of each that is not empty."""
    found: dict[bytes, bytes] = {}
    for name, value in _named_values(message):
        if value:
            found.setdefault(name, value)
    return found


def _text_id(message: bytes) -> bytes | None:
    usual = _USUAL_ID.match(message)
    if usual:
        return usual[1]
    pairs = _named_values(message)
    return next((value for name, value in pairs if name == b"id" and value), None)


def _named_values(message: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name, in lower case without spaces, and value of each field, in order."""
    at, name = 0, b""
    for match in _NAME.finditer(message):
        if name:
            yield name, _word(message[at : match.start()])
        name = match[1].lower().replace(b" ", b"").replace(b"_", b"")
        at = match.end()
        if name == b"text":
            break
    if name:
        yield name, message[at:] if name == b"text" else _word(message[at:])


def _word(value: bytes) -> bytes:
    word = _WORD.search(value)
    return word[0] if word else b""
