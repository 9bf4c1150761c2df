"""A receipt as one short text, for a peer of SMPP 3.3, which gets nothing else of it.

What the TLVs say of id and state is put in front of a text that does not say it. A receipt is
never refused for its length: what is too long loses its end, and that is the message's text.
"""

from __future__ import annotations

import attrs

from smppgate.txsmpp.constants import DataCoding, MessageState
from smppgate.txsmpp.message_text import Layout, TextField, layout
from smppgate.txsmpp.receipt_reading import Reading, best_reading
from smppgate.txsmpp.receipt_rewriting import LONGEST_SHORT_MESSAGE
from smppgate.txsmpp.receipts import STAT_OF, Receipt, receipt_text, told
from smppgate.txsmpp.text_fields import Text

_BYTE_ORDER_MARKS = (b"\xfe\xff", b"\xff\xfe")


def short_text(octets: bytes) -> bytes:
    """The short_message that says what the receipt in a whole deliver_sm or data_sm does.

    It has at most 254 octets, with the user data header that the receipt has, and names the id
    and the state of the message if the receipt does anywhere. A receipt without a text gets that
    of SMPP v3.4 appendix B.
    """
    where = layout(octets)
    if where is None:
        return b""
    reading = _reading(octets, where)
    receipt = told(where, reading) or Receipt()
    if reading.field is None:
        return _whole_text(receipt)
    header = octets[reading.field.begin : reading.text.begin]
    text = octets[reading.text.begin : reading.field.end]
    room = LONGEST_SHORT_MESSAGE - len(header)
    end_of_id = reading.spans[0][1] * reading.text.step if reading.spans else 0
    missing = b""
    if receipt.message_id and (not end_of_id or end_of_id > room):
        missing += b"id:%b " % receipt.message_id
    if receipt.stat and not reading.stat:
        missing += b"stat:%b " % receipt.stat
    return header + _cut(_in_front(missing, text, reading.text.encoding), room, reading.text.step)


def _whole_text(receipt: Receipt) -> bytes:
    if receipt == Receipt():
        return b""
    # Not the usual word: no TLV says that the message was delivered.
    receipt = attrs.evolve(receipt, stat=receipt.stat or STAT_OF[MessageState.UNKNOWN])
    return receipt_text(receipt)[:LONGEST_SHORT_MESSAGE]


def _reading(octets: bytes, where: Layout) -> Reading:
    """The text as it is read best; one that says nothing of a receipt as its octets stand."""
    best = best_reading(octets, where)
    if best.field is not None:
        return best
    for field in where.fields:
        if field.length_size and octets[field.begin : field.end].strip(b"\0 "):
            return _as_it_stands(octets, field, where)
    return best


def _as_it_stands(octets: bytes, field: TextField, where: Layout) -> Reading:
    encoding = "utf-16-be" if where.data_coding == DataCoding.UCS2 else "latin-1"
    text = Text(field.begin, encoding, octets[field.begin : field.end])
    return Reading(field, text, b"", (), None)


def _in_front(more: bytes, text: bytes, encoding: str) -> bytes:
    """``text`` with ``more`` in front, but behind a byte order mark."""
    written = more.decode("latin-1").encode(encoding)
    if encoding != "latin-1" and text.startswith(_BYTE_ORDER_MARKS):
        return text[:2] + written + text[2:]
    return written + text


def _cut(text: bytes, longest: int, step: int) -> bytes:
    """``text`` without what is too much of its end, in whole characters."""
    return text if len(text) <= longest else text[: longest - longest % step]
