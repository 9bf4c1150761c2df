"""Which part of which long message a PDU is.

Parts name their message by a reference, in a user data header (3GPP TS 23.040 §9.2.3.24.1 and
§9.2.3.24.8) or in the three SAR TLVs (SMPP v3.4 §5.3.2.22 to §5.3.2.24). The reference is unique
only together with both addresses, and only for a while.

Most messages are no parts, so that is what is found out first: one match tells that there is no
user data header, and then no TLV at all, or nowhere the octets that a SAR TLV begins with.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import EsmClass, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.located import TLV_HEADER, LocatedTlv, first_value, located_tlvs

# Identifier and length of the information elements with a reference of one and of two octets.
_SHORT, _LONG = b"\x00\x03", b"\x08\x04"
# A submit_sm or deliver_sm from its command_id up to short_message, without the UDHI bit.
_C_STRING = rb"[^\0]*+\0"
_NO_HEADER = re.compile(
    rb"\0\0\0[\x04\x05].{8}"
    + _C_STRING
    + (rb".." + _C_STRING) * 2
    + rb"[\x00-\x3f\x80-\xbf].."
    + _C_STRING * 2
    + rb".{5}",
    re.DOTALL,
)
_SAR = TLV_HEADER.pack(Tag.SAR_MSG_REF_NUM, 2)
# Plain, because a member of an enumeration costs more to look up than to use.
_SAR_TAGS = tuple(map(int, (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)))
_PAYLOAD, _UDHI = int(Tag.MESSAGE_PAYLOAD), int(EsmClass.UDHI)


class Segment(NamedTuple):
    """Part ``number`` (from 1 on) of the ``total`` parts of a message.

    ``reference`` is its number, of one or two octets.
    """

    reference: int
    total: int
    number: int


def segment_of(octets: bytes) -> Segment | None:
    """Which part a whole submit_sm, submit_multi, deliver_sm or data_sm is; None if it is none.

    A user data header comes before SAR TLVs. What is malformed, or says a part that cannot be
    (3GPP TS 23.040 §9.2.3.24.1: to be ignored), is None.
    """
    plain = _NO_HEADER.match(octets, 4)
    if plain:
        # The octet in front is sm_length.
        begin = plain.end()
        if begin + octets[begin - 1] == len(octets) or octets.find(_SAR, begin) < 0:
            return None
    try:
        begin, end = peek.short_message_at(octets)
        esm_class = peek.esm_class(octets)
    except PduError:
        return None
    segment = None
    if esm_class & _UDHI:
        user_data = octets[begin:end] or first_value(located_tlvs(octets, end), _PAYLOAD)
        segment = _of_header(user_data)
    return segment or _of_tlvs(located_tlvs(octets, end))


def _of_tlvs(tlvs: tuple[LocatedTlv, ...]) -> Segment | None:
    values = [first_value(tlvs, tag) for tag in _SAR_TAGS]
    return _segment(b"".join(values)) if [*map(len, values)] == [2, 1, 1] else None


def _of_header(user_data: bytes) -> Segment | None:
    """By the last reference in the header: an element that is repeated counts the last time."""
    found = None
    at, end = 1, 1 + user_data[0] if user_data else 0
    if end > len(user_data):
        return None
    while at + 2 <= end:
        element, at = user_data[at : at + 2], at + 2
        behind = at + element[1]
        if behind > end:
            break
        if element in (_SHORT, _LONG):
            found = _segment(user_data[at:behind]) or found
        at = behind
    return found


def _segment(octets: bytes) -> Segment | None:
    """The reference, and the total and the number in the last two octets; None if impossible."""
    *reference, total, number = octets
    if not 1 <= number <= total:
        return None
    return Segment(int.from_bytes(reference, "big"), total, number)
