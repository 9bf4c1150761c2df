"""Delivery receipts: recognise one, read it, put another id into it, write its text.

A receipt is a deliver_sm or data_sm whose esm_class says so. What it is about stands in TLVs, in
a text of a form that SMPP v3.4 appendix B suggests, or in both, and SMSCs differ in all of it:
fields missing or in another order, names in another case, spaces around the colon, dates with
seconds. So reading takes what is there and never raises; what is not there is empty.
`receipt_fields` has where things stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

import attrs

from smppgate.txsmpp.constants import EsmClass, MessageState, Tag
from smppgate.txsmpp.frame import spliced
from smppgate.txsmpp.located import TLV_HEADER, LocatedTlv, first_value, located_tlvs
from smppgate.txsmpp.receipt_fields import Parts, c_string_at, parts

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

_NOT_FINAL_STATES = frozenset(
    bytes((state,))
    for state in (MessageState.SCHEDULED, MessageState.ENROUTE, MessageState.ACCEPTED)
)
# ACCEPTED and SCHEDULED are written in seven letters and in more.
_NOT_FINAL_WORDS = (b"SCHED", b"ENROU", b"ACCEP")

_ID_TAG = int(Tag.RECEIPTED_MESSAGE_ID)
_LONGEST_SHORT_MESSAGE, _LONGEST_TLV = 254, 0xFFFF

# How most receipts are: a deliver_sm not in UCS-2 and without a user data header, whose text
# begins so. The general way reads what these match the same, several times as slowly. The first
# group is sm_length.
_C_STRING = rb"[^\0]*+\0"
_USUAL_OUTSIDE = b"".join(
    (
        rb"\0\0\0\x05.{8}",
        _C_STRING + (rb".." + _C_STRING) * 2,
        rb"[%b]..",
        _C_STRING * 2,
        rb"..[^\x08].(.)",
    )
)
_USUAL_ID = re.compile(
    _USUAL_OUTSIDE % rb"\x00-\x3f\x80-\xbf" + rb"id:([\w-]++) (?:su|st|dl)", re.DOTALL
)
_USUAL_STAT = re.compile(
    _USUAL_OUTSIDE % rb"\x04-\x07\x84-\x87"
    + rb"id:[\w-]++ sub:\w*+ dlvrd:\w*+ submit date:\w*+ done date:\w*+ stat:(\w++) err:",
    re.DOTALL,
)


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
    ``id:`` in the text, which is short_message or, where that is empty, message_payload.
    """
    ids = receipt_ids(octets)
    return ids[0] if ids else None


def receipt_ids(octets: bytes) -> tuple[bytes, ...]:
    """Every id that a whole deliver_sm or data_sm names, without repetitions; mostly one.

    Those of TLVs come before that of the text. Where they differ, the SMSC may have written one
    number in two notations; the first is what `receipt_id` gives.
    """
    usual = _USUAL_ID.match(octets, 4)
    behind = _behind_text(octets, usual)
    if usual is None or not behind:
        where = parts(octets)
        begin, end = where.text.id_at()
        return _distinct(where.tlvs, where.text.characters[begin:end])
    if behind == len(octets):
        return (usual[2],)
    return _distinct(located_tlvs(octets, behind), usual[2])


def is_final(octets: bytes) -> bool:
    """Whether a whole deliver_sm or data_sm is the last that a message center reports.

    It is where esm_class says MC delivery receipt, and neither the TLV message_state nor ``stat``
    in the text tells of SCHEDULED, ENROUTE or ACCEPTED; a state that is missing or unknown is
    final. An acknowledgement by an SME is not: the message center's own may still come.
    SMPP v3.4 §5.2.12, §5.2.28.
    """
    usual = _USUAL_STAT.match(octets, 4)
    behind = _behind_text(octets, usual)
    if usual is None or not behind:
        where = parts(octets)
        if where.esm_class & _MESSAGE_TYPE != EsmClass.MC_DELIVERY_RECEIPT:
            return False
        tlvs, stat = where.tlvs, where.text.values().get(b"stat", b"")
    else:
        tlvs, stat = located_tlvs(octets, behind), usual[2]
    if tlvs and first_value(tlvs, Tag.MESSAGE_STATE)[:1] in _NOT_FINAL_STATES:
        return False
    return not stat.upper().startswith(_NOT_FINAL_WORDS)


def read(octets: bytes) -> Receipt | None:
    """What the receipt in a whole deliver_sm or data_sm tells; None where it tells nothing.

    Where text and TLVs both have an id, the TLV counts.
    """
    where = parts(octets)
    fields = where.text.values()
    begin, end = where.text.id_at()
    ids = _distinct(where.tlvs, where.text.characters[begin:end])
    state = first_value(where.tlvs, Tag.MESSAGE_STATE)[:1]
    receipt = Receipt(
        message_id=ids[0] if ids else b"",
        sub=fields.get(b"sub", b""),
        dlvrd=fields.get(b"dlvrd", b""),
        submit_date=fields.get(b"submitdate", b""),
        done_date=fields.get(b"donedate", b""),
        stat=fields.get(b"stat", b"") or STAT_OF.get(state[0] if state else -1, b""),
        err=fields.get(b"err", b""),
        text=fields.get(b"text", b""),
        state=state[0] if state else None,
        network_error_code=first_value(where.tlvs, Tag.NETWORK_ERROR_CODE),
    )
    return receipt if receipt != Receipt() else None


def with_id(octets: bytes, message_id: bytes) -> bytes:
    """The same receipt about another id: in the text and in each TLV receipted_message_id.

    ``octets`` are a whole deliver_sm or data_sm, ``message_id`` 1 to 64 octets without its NUL.
    It takes the place of every id that `receipt_ids` gives, in UCS-2 where the text is, and a TLV
    keeps the NULs that it has. All else stays octet for octet, and so does what names no id;
    lengths are put right, command_length among them.

    A text that would become longer than its field can be (254 octets in short_message, 65 535
    in message_payload) loses its end, and if that is not enough its beginning, but not the id.
    """
    usual = _USUAL_ID.match(octets, 4)
    behind = _behind_text(octets, usual)
    if usual is not None and behind:
        begin, end = usual.span(2)
        sm_length = octets[begin - 4] + len(message_id) - end + begin
        if sm_length <= _LONGEST_SHORT_MESSAGE:
            if behind < len(octets):
                tlvs = located_tlvs(octets, behind)
                octets = _changed(octets, _tlvs_with_id(octets, tlvs, message_id))
            return spliced(octets, begin - 4, end, b"%cid:%b" % (sm_length, message_id))
    where = parts(octets)
    changes = _tlvs_with_id(octets, where.tlvs, message_id)
    return _changed(octets, [*changes, *_text_with_id(octets, where, message_id)])


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


def _behind_text(octets: bytes, usual: re.Match[bytes] | None) -> int:
    """The offset behind short_message, if all of the usual form lies in it; else 0."""
    if usual is None:
        return 0
    begin = usual.end(1)
    behind = begin + octets[begin - 1]
    return behind if usual.end() <= behind <= len(octets) else 0


def _distinct(tlvs: Iterable[LocatedTlv], text_id: bytes) -> tuple[bytes, ...]:
    """The ids of TLVs and that of the text, which may be empty, without repetitions."""
    ids = [value[slice(*c_string_at(value))] for tag, _, value in tlvs if tag == _ID_TAG]
    return tuple(dict.fromkeys(filter(None, (*ids, text_id))))


# What to put where: offsets in the PDU, and the octets.
_Change: TypeAlias = tuple[int, int, bytes]


def _changed(octets: bytes, changes: list[_Change]) -> bytes:
    # From the end, so that what is in front keeps its offsets.
    for begin, end, new in sorted(changes, reverse=True):
        octets = spliced(octets, begin, end, new)
    return octets


def _tlvs_with_id(octets: bytes, tlvs: Iterable[LocatedTlv], message_id: bytes) -> list[_Change]:
    """Each TLV that has an id with this one."""
    changes = []
    for tag, at, value in tlvs:
        begin, end = c_string_at(value) if tag == _ID_TAG else (0, 0)
        if begin < end:
            new = (value[:begin] + message_id + value[end:])[:_LONGEST_TLV]
            # Of a TLV that the PDU ends in, the length says more than there is.
            length = int.from_bytes(octets[at - 2 : at], "big") + len(new) - len(value)
            header = TLV_HEADER.pack(tag, min(length, _LONGEST_TLV))
            changes.append((at - 4, at + len(value), header + new))
    return changes


def _text_with_id(octets: bytes, where: Parts, message_id: bytes) -> list[_Change]:
    """The text with this id and its length, if it has one."""
    text = where.text
    begin, end = (text.begin + at * text.step for at in text.id_at())
    if begin == end:
        return []
    if text.step > 1:
        message_id = message_id.decode("latin-1").encode("utf-16-be")
    size = where.end - where.begin
    longest = _LONGEST_SHORT_MESSAGE if where.length_size == 1 else _LONGEST_TLV
    over = size - (end - begin) + len(message_id) - max(longest, size)
    head, tail = _shortened(octets[text.begin : begin], octets[end : where.end], over, text.step)
    new = octets[where.begin : text.begin] + head + message_id + tail
    at = where.begin - where.length_size
    length = int.from_bytes(octets[at : where.begin], "big") + len(new) - size
    header = min(length, _LONGEST_TLV).to_bytes(where.length_size, "big")
    return [(at, where.end, header + new)]


def _shortened(head: bytes, tail: bytes, over: int, step: int) -> tuple[bytes, bytes]:
    """Both without ``over`` octets or more of the tail's end, then of the head's beginning.

    What is left are whole characters of ``step`` octets.
    """
    if over <= 0:
        return head, tail
    kept = max(0, len(tail) - over)
    lost = max(0, over - len(tail))
    return head[lost + lost % step :], tail[: kept - kept % step]
