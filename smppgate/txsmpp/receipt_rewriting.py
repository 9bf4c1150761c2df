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
_pack_length = _LENGTH.pack
_OCTETS = [bytes((each,)) for each in range(LONGEST_SHORT_MESSAGE + 1)]
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
    at, more = 4, 0
    pieces: tuple[bytes, ...] = ()
    if text is not None:
        begin, field_end, length_size, _, encoding, spans = text
        new = message_id if encoding == "latin-1" else _encoded(message_id, encoding)
        id_begin, at = spans[0]
        length = field_end - begin
        if octets[begin - 1] != length or length_size != 1 or len(spans) != 1:
            return None
        more = len(new) + id_begin - at
        if length + more > LONGEST_SHORT_MESSAGE:
            return None
        counted = _OCTETS[length + more]
        pieces = octets[4 : begin - 1], counted, octets[begin:id_begin], new
    for begin, end, id_begin, id_end in tlvs:
        length = end - begin
        if octets[begin - 2 : begin] != length.to_bytes(2):
            return None
        longer = len(message_id) + id_begin - id_end
        if length + longer > _MOST_COUNTED[2]:
            return None
        counted = (length + longer).to_bytes(2)
        pieces += octets[at : begin - 2], counted, octets[begin:id_begin], message_id
        at, more = id_end, more + longer
    return b"".join((_pack_length(len(octets) + more), *pieces, octets[at:]))


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
    new = _text_with_id(octets, text, message_id, room)
    length_at = text.field_begin - (text.length_size or 1)
    more = len(new) - (text.field_end - text.begin)
    if not text.length_size:
        more = _counted_more(octets[length_at], text, len(_encoded(message_id, text.encoding)))
    length = _recounted(octets[length_at : text.field_begin], more)
    return [
        _Change(length_at, text.field_begin, length),
        _Change(text.begin, text.field_end, new),
    ]


def _counted_more(sm_length: int, text: TextIds, size: int) -> int:
    """How many more octets there are, with ids of ``size``, of those that sm_length counts.

    So a text goes on behind them at the same place as before.
    """
    counted = text.field_begin + sm_length
    return sum(size - end + begin for begin, end in text.spans if end <= counted)


def _text_with_id(octets: bytes, text: TextIds, message_id: bytes, room: int) -> bytes:
    """The text without its user data header, as short as it must be."""
    new = _encoded(message_id, text.encoding)
    (first, behind), *others = text.spans
    head, parts = octets[text.begin : first], []
    for begin, end in others:
        parts += [octets[behind:begin], new]
        behind = end
    tail = b"".join((*parts, octets[behind : text.field_end]))
    size = text.field_end - text.field_begin
    more = len(head) + len(new) + len(tail) - (text.field_end - text.begin)
    over = size + more - max(_LONGEST[text.length_size], size)
    step = 1 if text.encoding == "latin-1" else 2
    # A field must not be longer than it can be; for a PDU that is too long no beginning is lost.
    head = _without_beginning(head, over - len(tail), step)
    return head + new + _without_end(tail, max(over, more - room), step)


def _without_end(text: bytes, over: int, step: int) -> bytes:
    """``text`` without so many octets of its end, in whole characters of ``step`` octets."""
    kept = max(0, len(text) - max(0, over))
    return text[: kept - kept % step] if over > 0 else text


def _without_beginning(text: bytes, over: int, step: int) -> bytes:
    """The same without octets of its beginning."""
    return text[over + over % step :] if over > 0 else text


def _recounted(length: bytes, more: int) -> bytes:
    """A length of one or two octets that counts so many more, as far as it can."""
    counted = int.from_bytes(length, "big") + more
    return max(0, min(counted, _MOST_COUNTED[len(length)])).to_bytes(len(length), "big")
