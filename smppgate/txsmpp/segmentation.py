"""Long messages: cut into parts that telephones put together, and put together from those.

A short message has 140 octets, or 160 characters of seven bits. Three ways are in use to send
more: parts that say in a user data header which they are (3GPP TS 23.040 §9.2.3.24.1), which every
SMSC takes; parts that say it in SAR TLVs (SMPP v3.4 §5.3.2.22 to §5.3.2.24), of which the SMSC
makes headers; and message_payload (§5.3.2.32), which the SMSC cuts itself. `segments` finds out
which part a PDU is.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias, TypeVar, cast

from smppgate.txsmpp.alphabet import ESCAPE, decode_text, encode_text, is_gsm, is_ucs2
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import EsmClass, Tag
from smppgate.txsmpp.pdu import DataSm, DeliverSm, SubmitMulti, SubmitSm
from smppgate.txsmpp.segments import Segment, segment_of
from smppgate.txsmpp.tlv import Tlv
from smppgate.txsmpp.user_data_header import (
    has_untold_header,
    header_size,
    part,
    part_element,
    with_elements,
)

USER_DATA_SIZE = 140
"""Octets of a short message, its header included. 3GPP TS 23.040 §9.2.3.24."""

MAX_PARTS = 255
"""Parts that a message can have: one octet counts them."""

_HIGH_SURROGATE = 0xD8

_SAR_TAGS = frozenset({Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM})
_TEXT_TAGS = _SAR_TAGS | {Tag.MESSAGE_PAYLOAD}

AnyMessage: TypeAlias = SubmitSm | SubmitMulti | DeliverSm | DataSm
Message = TypeVar("Message", SubmitSm, SubmitMulti, DeliverSm)
Received = TypeVar("Received", bound=AnyMessage)


class Segmentation(Enum):
    """How a long message is sent."""

    UDH = "udh"
    SAR = "sar"
    PAYLOAD = "payload"


def split_text(
    message: Message,
    text: str,
    by: Segmentation = Segmentation.UDH,
    reference: int = 0,
    message_class: int | None = None,
) -> list[Message]:
    """``message`` with ``text`` in it: one PDU, or as many as it has parts.

    data_coding is that of `encode_text`; the other parameters are those of `split_octets`.

    :param message_class: 0 to 3, 0 for a flash message; see `encode_text`.
    """
    data_coding, octets = encode_text(text, message_class)
    return split_octets(message.replaced(data_coding=data_coding), octets, by, reference)


def split_octets(
    message: Message, octets: bytes, by: Segmentation = Segmentation.UDH, reference: int = 0
) -> list[Message]:
    """``message`` with the user data ``octets`` in it: one PDU, or as many as it has parts.

    What a telephone shows as one character is not cut.

    :param message: says all else; its data_coding is that of ``octets``.
    :param by: how more than one short message is sent.
    :param reference: names the message among those between its two addresses; 0 to 65 535. Up to
        255 it takes one octet in a header, else two.
    :raises ValueError: when the message would have more than 255 parts or more than 65 535 octets
        of payload, or has a user data header already.
    """
    if not 0 <= reference <= 0xFFFF:
        raise ValueError(f"a reference is 0 to 65535, not {reference}")
    if message.esm_class & EsmClass.UDHI:
        raise ValueError("a message with a user data header of its own is not split")
    if len(octets) <= _room(message.data_coding, 0):
        return [message.replaced(short_message=octets)]
    if by is Segmentation.PAYLOAD:
        return [_with_payload(message, octets)]
    chunks = _chunks(octets, message.data_coding, 6 if reference <= 0xFF else 7)
    if len(chunks) > MAX_PARTS:
        raise ValueError(f"{len(chunks)} parts, and {MAX_PARTS} are possible")
    write = _with_header if by is Segmentation.UDH else _with_sar_tlvs
    return [
        write(message, chunk, Segment(reference, len(chunks), number))
        for number, chunk in enumerate(chunks, 1)
    ]


def user_data(message: AnyMessage) -> bytes:
    """What a message carries: short_message or else message_payload, without its header.

    A header is one that esm_class says, or one without that bit that says a part.
    """
    octets = b"" if isinstance(message, DataSm) else message.short_message
    if not octets:
        octets = next((t.value for t in message.tlvs if t.tag == Tag.MESSAGE_PAYLOAD), b"")
    is_told = message.esm_class & EsmClass.UDHI
    if is_told or (has_untold_header(octets) and part(octets) is not None):
        return octets[header_size(octets) :]
    return octets


def text_of(message: AnyMessage) -> str:
    """The text of a message, of one part if it is one; what is no text is read as Latin 1."""
    return decode_text(user_data(message), message.data_coding)


class Reassembly:
    """Messages of which some parts are there. Mutable.

    :param limit: messages that may be incomplete; beyond that the oldest is given up.
    :param max_age: seconds that one has from its first part to its last.
    """

    def __init__(self, limit: int = 1000, max_age: float = 3600.0) -> None:
        self._limit = limit
        self._max_age = max_age
        # In the order of their first parts.
        self._parts: dict[tuple[object, ...], tuple[float, dict[int, bytes]]] = {}

    def __len__(self) -> int:
        """Messages that are incomplete."""
        return len(self._parts)

    def add(self, message: Received, now: float) -> Received | None:
        """Take a message; gives it whole, or None while parts of it are missing.

        What is no part is given as it is. Of parts, the whole message has the fields of the last
        one that came, and all user data in message_payload, for `text_of` and `user_data`.

        :param now: seconds on a monotonic clock.
        """
        segment = segment_of(encode(message))
        if segment is None or segment.total == 1:
            return message
        key = (message.source_addr, _destination(message), segment.reference, segment.total)
        self._give_up(now, len(self._parts) + (key not in self._parts))
        _, parts = self._parts.setdefault(key, (now, {}))
        parts[segment.number] = user_data(message)
        if len(parts) < segment.total:
            return None
        del self._parts[key]
        whole = _whole(message, b"".join(parts[number] for number in sorted(parts)))
        return cast(Received, whole)

    def _give_up(self, now: float, count: int) -> None:
        """Forget what is too old, and the oldest where there would be more than the limit."""
        while self._parts:
            key, (began, _) = next(iter(self._parts.items()))
            if count <= self._limit and now - began <= self._max_age:
                return
            del self._parts[key]
            count -= 1


def _room(data_coding: int, header: int) -> int:
    """Octets of text beside a header of so many octets, its length octet included."""
    left = USER_DATA_SIZE - header
    if is_gsm(data_coding):
        return left * 8 // 7
    return left - left % 2 if is_ucs2(data_coding) else left


def _chunks(octets: bytes, data_coding: int, header: int) -> list[bytes]:
    room = _room(data_coding, header)
    chunks, at = [], 0
    while at < len(octets):
        end = _cut(octets, at + room, data_coding)
        chunks.append(octets[at:end])
        at = end
    return chunks


def _cut(octets: bytes, at: int, data_coding: int) -> int:
    """Where to cut, at ``at`` or in front of the character that goes on there."""
    if at < len(octets):
        if is_gsm(data_coding) and octets[at - 1] == ESCAPE:
            return at - 1
        if is_ucs2(data_coding) and octets[at - 2] & 0xFC == _HIGH_SURROGATE:
            return at - 2
    return min(at, len(octets))


def _with_header(message: Message, chunk: bytes, segment: Segment) -> Message:
    return message.replaced(
        esm_class=message.esm_class | EsmClass.UDHI,
        short_message=with_elements(chunk, False, (part_element(segment),)),
    )


def _with_sar_tlvs(message: Message, chunk: bytes, segment: Segment) -> Message:
    tlvs = (
        Tlv.of(Tag.SAR_MSG_REF_NUM, segment.reference),
        Tlv.of(Tag.SAR_TOTAL_SEGMENTS, segment.total),
        Tlv.of(Tag.SAR_SEGMENT_SEQNUM, segment.number),
    )
    return message.replaced(short_message=chunk, tlvs=message.tlvs + tlvs)


def _with_payload(message: Message, octets: bytes) -> Message:
    if len(octets) > 0xFFFF:
        raise ValueError(f"{len(octets)} octets, and 65535 are possible")
    payload = Tlv.of(Tag.MESSAGE_PAYLOAD, octets)
    return message.replaced(short_message=b"", tlvs=(*message.tlvs, payload))


def _whole(message: AnyMessage, octets: bytes) -> AnyMessage:
    tlvs = (
        *(tlv for tlv in message.tlvs if tlv.tag not in _TEXT_TAGS),
        Tlv.of(Tag.MESSAGE_PAYLOAD, octets),
    )
    esm_class = message.esm_class & ~EsmClass.UDHI
    if isinstance(message, DataSm):
        return message.replaced(esm_class=esm_class, tlvs=tlvs)
    return message.replaced(esm_class=esm_class, short_message=b"", tlvs=tlvs)


def _destination(message: AnyMessage) -> object:
    return message.dest_address if isinstance(message, SubmitMulti) else message.destination_addr
