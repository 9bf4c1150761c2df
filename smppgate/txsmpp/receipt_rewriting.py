"""Another id in a receipt wherever it stands, and nothing else changed.

What the lengths of a PDU say wrongly they go on to say: they are changed by what the octets in
them have become more or less. So a peer that could read the receipt before can read it after.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import MAX_PDU_SIZE
from smppgate.txsmpp.located_receipt import LocatedReceipt, TlvId
from smppgate.txsmpp.receipt_reading import TextIds

LONGEST_SHORT_MESSAGE = 254
"""Octets of short_message before SMPP 5.0, v3.4 §5.2.21."""

_LONGEST = {0: 0xFFFFFFFF, 1: LONGEST_SHORT_MESSAGE, 2: 0xFFFF}
"""Octets that a text may have, by the size of its length."""

_LENGTH = Struct(">I")
_USUAL_TLVS = 2
"""TLVs with an id that are put together one by one; for more, all pieces are joined at once."""

_MOST_COUNTED = {1: 0xFF, 2: 0xFFFF}


class _Change(NamedTuple):
    """Octets of the PDU from ``begin`` to ``end`` that become ``new``."""

    begin: int
    end: int
    new: bytes


def with_id(
    octets: bytes, receipt: LocatedReceipt, message_id: bytes, max_pdu_size: int = MAX_PDU_SIZE
) -> bytes:
    """The receipt in ``octets`` about another id, in its text and in its TLVs.

    ``receipt`` is what `located_receipt` gave for these octets; ``message_id`` has 1 to 64 octets
    without its NUL, and is written as the text is encoded. A TLV keeps the blanks and NULs around
    the id. What names no id stays as it is, and all else octet for octet, but for command_length
    and the lengths of what has changed.

    A text that would become longer than its field can be (254 octets in short_message, 65 535 in
    message_payload), or the PDU longer than ``max_pdu_size``, loses its end, and if that is not
    enough its beginning, but not the id.

    :raises PduError: ESME_RINVMSGLEN where the PDU would be too long even then.
    """
    _, _, ids, _, _, text, tlvs = receipt
    if not ids:
        return octets
    if len(tlvs) <= _USUAL_TLVS:
        rewritten = _rewritten(octets, text, tlvs, message_id)
        if rewritten is not None and len(rewritten) <= max_pdu_size:
            return rewritten
    limit = max(max_pdu_size, len(octets))
    changes = [_tlv_change(octets, each, message_id) for each in tlvs]
    if text is not None:
        room = limit - _size(octets, changes)
        changes += _text_changes(octets, text, message_id, room)
    if _size(octets, changes) > limit:
        raise PduError("receipt: too long with its id", CommandStatus.ESME_RINVMSGLEN)
    return _changed(octets, changes)


def _rewritten(
    octets: bytes, text: TextIds | None, tlvs: tuple[TlvId, ...], message_id: bytes
) -> bytes | None:
    """The usual receipt: one id in a short_message, in front of whole TLVs; else None."""
    at, size, before = 4, len(message_id), b""
    if text is not None:
        begin, field_end, length_size, _, encoding, spans = text
        new = message_id if encoding == "latin-1" else _encoded(message_id, encoding)
        id_begin, at = spans[0]
        length = field_end - begin
        if octets[begin - 1] != length or length_size != 1 or len(spans) != 1:
            return None
        length += len(new) + id_begin - at
        if length > LONGEST_SHORT_MESSAGE:
            return None
        before = b"%b%c%b%b" % (octets[4 : begin - 1], length, octets[begin:id_begin], new)
    for begin, end, id_begin, id_end in tlvs:
        length = end - begin
        if octets[begin - 2 : begin] != length.to_bytes(2):
            return None
        length += size + id_begin - id_end
        if length > _MOST_COUNTED[2]:
            return None
        counted = length.to_bytes(2)
        before += octets[at : begin - 2] + counted + octets[begin:id_begin] + message_id
        at = id_end
    rest = octets[at:]
    return b"%b%b%b" % (_LENGTH.pack(len(before) + len(rest) + 4), before, rest)


def _encoded(message_id: bytes, encoding: str) -> bytes:
    return message_id.decode("latin-1").encode(encoding)


def _size(octets: bytes, changes: list[_Change]) -> int:
    return len(octets) + sum(len(new) - end + begin for begin, end, new in changes)


def _changed(octets: bytes, changes: list[_Change]) -> bytes:
    """The PDU with all of these, made in one go however many there are."""
    at = 4
    parts = [_size(octets, changes).to_bytes(4)]
    for begin, end, new in sorted(changes):
        parts += (octets[at:begin], new)
        at = end
    parts.append(octets[at:])
    return b"".join(parts)


def _tlv_change(octets: bytes, tlv: TlvId, message_id: bytes) -> _Change:
    at, end, id_begin, id_end = tlv
    value = (octets[at:id_begin] + message_id + octets[id_end:end])[: _LONGEST[2]]
    header = octets[at - 4 : at - 2] + _recounted(octets[at - 2 : at], len(value) - end + at)
    return _Change(at - 4, end, header + value)


def _text_changes(octets: bytes, text: TextIds, message_id: bytes, room: int) -> list[_Change]:
    """Its length and the text, which may have ``room`` octets more, or must have fewer."""
    size = text.field_end - text.field_begin
    longest = min(max(_LONGEST[text.length_size], size), size + room)
    kept = longest - (text.begin - text.field_begin)
    new = _text_with_id(octets, text, message_id, max(kept, 0))
    length_at = text.field_begin - text.length_size
    length = octets[length_at : text.field_begin]
    more = len(new) - (text.field_end - text.begin)
    return [
        _Change(length_at, text.field_begin, _recounted(length, more) if length else b""),
        _Change(text.begin, text.field_end, new),
    ]


def _text_with_id(octets: bytes, text: TextIds, message_id: bytes, longest: int) -> bytes:
    """The text without its user data header, in ``longest`` octets if the id is not longer."""
    new = _encoded(message_id, text.encoding)
    (first, behind), *others = text.spans
    head = octets[text.begin : first]
    tail: list[bytes] = []
    for begin, end in others:
        tail += (octets[behind:begin], new)
        behind = end
    tail.append(octets[behind : text.field_end])
    return _shortened(head, new, b"".join(tail), longest, 1 if text.encoding == "latin-1" else 2)


def _shortened(head: bytes, middle: bytes, tail: bytes, longest: int, step: int) -> bytes:
    """All three, without what is too much of the tail's end, then of the head's beginning.

    What is left are whole characters of ``step`` octets.
    """
    over = len(head) + len(middle) + len(tail) - longest
    if over > 0:
        lost = min(max(0, over - len(tail)), len(head))
        kept = max(0, len(tail) - over)
        head, tail = head[lost + lost % step :], tail[: kept - kept % step]
    return head + middle + tail


def _recounted(length: bytes, more: int) -> bytes:
    """A length of one or two octets that counts so many more, as far as it can."""
    counted = int.from_bytes(length, "big") + more
    return max(0, min(counted, _MOST_COUNTED[len(length)])).to_bytes(len(length), "big")
