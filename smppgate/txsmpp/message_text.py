"""Where the text of a deliver_sm or data_sm stands, as it is and not only as it says.

Seen from SMSCs: sm_length beyond the PDU, one too many, or 0 with a text behind; the text in
message_payload behind a short_message of one NUL; data_coding and the UDHI bit copied from the
message that a receipt is about, with a text written as ever. So there may be several readings of
one PDU. They are given in order, those that the PDU says first; the first that has what is looked
for is it. None of this raises anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from smppgate.txsmpp.constants import CommandId, DataCoding, EsmClass, Tag
from smppgate.txsmpp.located import LocatedTlv, is_plausible, tlvs_and_fit, tlvs_near
from smppgate.txsmpp.text_fields import Text, narrowed
from smppgate.txsmpp.user_data_header import header_size

# A message up to short_message or, in a data_sm, up to its TLVs, behind command_length.
_C_STRING = rb"[^\0]*+\0"
_ADDRESSES = rb".{8}" + _C_STRING + (rb".." + _C_STRING) * 2
_DELIVER_SM = re.compile(
    rb"\0\0\0\x05%b(?P<esm>.)..%b(?P<coding>.).." % (_ADDRESSES, _C_STRING * 2 + b".."), re.DOTALL
)
_DATA_SM = re.compile(rb"\0\0\x01\x03%b(?P<esm>.).(?P<coding>.)" % _ADDRESSES, re.DOTALL)
_OUTSIDE = {CommandId.DELIVER_SM & 0xFF: _DELIVER_SM, CommandId.DATA_SM & 0xFF: _DATA_SM}

# TLVs of receipts with the lengths that these have: where a sm_length that covers them ends.
_OF_RECEIPTS = re.compile(rb"\0\x1e\0|\x04\x27\0\x01|\x04\x23\0\x03", re.DOTALL)
_MOST_ENDS = 4
# `stat` in UTF-16 of either order of octets.
_WIDE_STAT = re.compile(rb"s\0t\0a\0t", re.IGNORECASE)

# Plain, because a member of an enumeration costs more to look up than to use.
_UDHI, _UCS2, _PAYLOAD = int(EsmClass.UDHI), int(DataCoding.UCS2), int(Tag.MESSAGE_PAYLOAD)


class TextField(NamedTuple):
    """The octets of a PDU that a text stands in, from ``begin`` to ``end``.

    In front of them is their length, of ``length_size`` octets; 0 where sm_length, which stands
    in front, counts only some of them or none.
    """

    begin: int
    end: int
    length_size: int


class Layout(NamedTuple):
    """What is in a message: the fields that may hold its text, in order, and its TLVs."""

    esm_class: int
    data_coding: int
    fields: tuple[TextField, ...]
    tlvs: tuple[LocatedTlv, ...]


def layout(octets: bytes) -> Layout | None:
    """What is in a whole deliver_sm or data_sm; None for another, or if its fields do not end."""
    outside = _OUTSIDE.get(octets[7]) if len(octets) > 7 else None
    found = outside.match(octets, 4) if outside is not None else None
    if found is None:
        return None
    begin = found.end()
    if outside is _DATA_SM:
        tlvs, _ = tlvs_and_fit(octets, begin)
        fields = _payload(tlvs)
    else:
        fields, tlvs = _short_message(octets, begin)
        said, *others = fields
        if octets[said.begin : said.end].strip(b"\0 "):
            fields = (said, *others, *_payload(tlvs))
        else:
            fields = (*_payload(tlvs), said, *others)
    return Layout(found["esm"][0], found["coding"][0], fields, tlvs)


def readings(octets: bytes, field: TextField, esm_class: int, data_coding: int) -> Iterator[Text]:
    """The text of ``field`` as data_coding and the UDHI bit say, then as they do not."""
    message = octets[field.begin : field.end]
    header = header_size(message) if esm_class & _UDHI else 0
    # A header without elements is the first octet of a text in UTF-16, if it has whole characters.
    first = 0 if header == 1 and len(message) % 2 == 0 else header
    for skipped in dict.fromkeys((first, 0, header)):
        begin, left = field.begin + skipped, message[skipped:]
        narrow = Text(begin, "latin-1", left)
        if data_coding == _UCS2:
            yield from narrowed(left, begin)
            yield narrow
        else:
            yield narrow
            yield from narrowed(left, begin)


def _short_message(
    octets: bytes, begin: int
) -> tuple[tuple[TextField, ...], tuple[LocatedTlv, ...]]:
    """Where short_message may be, and the TLVs behind it."""
    behind = begin + octets[begin - 1]
    size = len(octets)
    if behind > size:
        end, tlvs = _covered(octets, begin)
        return (TextField(begin, end, 1),), tlvs
    end, tlvs, fit = (
        tlvs_near(octets, behind) if behind > begin else (behind, *tlvs_and_fit(octets, behind))
    )
    if fit and not _may_be_text(octets, tlvs):
        return (TextField(begin, end, 1),), tlvs
    rest, others = _covered(octets, begin)
    fields = (TextField(begin, min(end, rest), 1), TextField(begin, rest, 0))
    return fields, tlvs if fit else others or tlvs


def _may_be_text(octets: bytes, tlvs: tuple[LocatedTlv, ...]) -> bool:
    """Whether what fills the PDU as TLVs may be the rest of a receipt's text in UTF-16.

    Half of its octets are NULs, so that it looks like short TLVs of unknown tags.
    """
    if all(map(is_plausible, tlvs)) or _payload(tlvs):
        return False
    return _WIDE_STAT.search(octets) is not None


def _covered(octets: bytes, begin: int) -> tuple[int, tuple[LocatedTlv, ...]]:
    """Where a text ends that goes on to the end of the PDU, or to TLVs that a receipt has."""
    hits = zip(_OF_RECEIPTS.finditer(octets, begin), range(_MOST_ENDS), strict=False)
    for hit, _ in hits:
        tlvs, fit = tlvs_and_fit(octets, hit.start())
        if fit:
            return hit.start(), tlvs
    return len(octets), ()


def _payload(tlvs: tuple[LocatedTlv, ...]) -> tuple[TextField, ...]:
    found = ((at, at + len(value)) for tag, at, value in tlvs if tag == _PAYLOAD)
    return tuple(TextField(begin, end, 2) for begin, end in found)[:1]
