"""Delivery receipts: what one tells, and its text.

A receipt is a deliver_sm or data_sm that reports about an earlier message, in TLVs, in a text of
a form that SMPP v3.4 appendix B suggests, or in both. `located_receipt` reads it and has where
everything stands; this is for programs that want the values, and for writing one.
"""

from __future__ import annotations

import attrs

from smppgate.txsmpp.constants import EsmClass, MessageState, Tag
from smppgate.txsmpp.located import first_values
from smppgate.txsmpp.located_receipt import located_receipt
from smppgate.txsmpp.message_text import Layout, layout
from smppgate.txsmpp.receipt_reading import Reading, best_reading
from smppgate.txsmpp.receipt_rewriting import with_id as rewritten
from smppgate.txsmpp.receipt_states import STAT_OF

__all__ = [
    "RECEIPT_TYPES",
    "STAT_OF",
    "Receipt",
    "is_final",
    "is_receipt",
    "read",
    "receipt_id",
    "receipt_ids",
    "receipt_text",
    "told",
    "with_id",
]

RECEIPT_TYPES: frozenset[int] = frozenset(
    {
        EsmClass.MC_DELIVERY_RECEIPT,
        EsmClass.SME_DELIVERY_ACKNOWLEDGEMENT,
        EsmClass.SME_USER_ACKNOWLEDGEMENT,
        EsmClass.INTERMEDIATE_NOTIFICATION,
    }
)
"""Message types, bits 5 to 2 of esm_class, of what reports about an earlier message."""

_ID, _STATE, _ERROR = map(
    int, (Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE, Tag.NETWORK_ERROR_CODE)
)
_TAGS = frozenset({_STATE, _ERROR})

_NOT_FINAL_STATES = (MessageState.SCHEDULED, MessageState.ENROUTE, MessageState.ACCEPTED)
# ACCEPTED and SCHEDULED are written in seven letters and in more.
_NOT_FINAL_WORDS = (b"SCHED", b"ENROU", b"ACCEP")


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
    return esm_class & EsmClass.MESSAGE_TYPE_MASK in RECEIPT_TYPES


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
    receipt = located_receipt(octets)
    ids = [octets[tlv.id_begin : tlv.id_end] for tlv in receipt.tlvs]
    if receipt.text is not None:
        begin, end = receipt.text.spans[0]
        written = octets[begin:end].decode(receipt.text.encoding, "replace")
        ids.append(written.encode("latin-1", "replace"))
    return tuple(dict.fromkeys(ids))


def is_final(octets: bytes) -> bool:
    """Whether a whole deliver_sm or data_sm is the last that a message center reports.

    It is where esm_class says MC delivery receipt, and neither the TLV message_state nor ``stat``
    in the text is SCHEDULED, ENROUTE or ACCEPTED; a state that is missing or unknown is final.
    SMPP v3.4 §5.2.12, §5.2.28.
    """
    receipt = located_receipt(octets)
    kind = receipt.esm_class & EsmClass.MESSAGE_TYPE_MASK
    if kind != EsmClass.MC_DELIVERY_RECEIPT or receipt.state in _NOT_FINAL_STATES:
        return False
    return not receipt.stat.upper().startswith(_NOT_FINAL_WORDS)


def read(octets: bytes) -> Receipt | None:
    """What the receipt in a whole deliver_sm or data_sm tells; None where it tells nothing.

    Where text and TLVs both have an id, the TLV counts.
    """
    where = layout(octets)
    return told(where, best_reading(octets, where)) if where is not None else None


def told(where: Layout, reading: Reading) -> Receipt | None:
    """The same, of a message whose text has been read."""
    fields = reading.text.values()
    tlvs = first_values(where.tlvs, _TAGS)
    state = tlvs.get(_STATE, b"")[:1]
    ids = (value.partition(b"\0")[0].strip() for tag, _, value in where.tlvs if tag == _ID)
    receipt = Receipt(
        message_id=next(filter(None, ids), reading.message_id),
        sub=fields.get(b"sub", b""),
        dlvrd=fields.get(b"dlvrd", b""),
        submit_date=fields.get(b"submitdate", b""),
        done_date=fields.get(b"donedate", b""),
        stat=fields.get(b"stat", b"") or STAT_OF.get(state[0] if state else -1, b""),
        err=fields.get(b"err", b""),
        text=fields.get(b"text", b""),
        state=state[0] if state else None,
        network_error_code=tlvs.get(_ERROR, b""),
    )
    return receipt if receipt != Receipt() else None


def with_id(octets: bytes, message_id: bytes) -> bytes:
    """The same receipt about another id: `receipt_rewriting.with_id` of what it is read as."""
    return rewritten(octets, located_receipt(octets), message_id)


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
