"""Which part of which long message a PDU is.

Parts name their message by a reference, in a user data header (3GPP TS 23.040 §9.2.3.24.1 and
§9.2.3.24.8) or in the three SAR TLVs (SMPP v3.4 §5.3.2.22 to §5.3.2.24). The reference is unique
only together with both addresses, and only for a while.

Some ESMEs and SMSCs write the header and forget the UDHI bit, or write SAR values of another
length than the specification has; the parts belong together all the same.

Most messages are no parts, so that is what is found out first: one match of a pattern and a look
at the first octets of the text, and then no TLV at all, or nowhere the tag of a SAR TLV.
"""

from __future__ import annotations

import re

from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import EsmClass, Tag
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.located import LocatedTlv, first_values, tlvs_near
from smppgate.txsmpp.user_data_header import (
    LONGEST_UNTOLD,
    Segment,
    has_untold_header,
    may_have_part,
    part,
    segment,
)

__all__ = ["Segment", "sar_segment", "segment_of"]

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
# Plain, because a member of an enumeration costs more to look up than to use.
_SAR_TAGS = tuple(map(int, (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)))
_PAYLOAD, _UDHI = int(Tag.MESSAGE_PAYLOAD), int(EsmClass.UDHI)
_WANTED = frozenset((*_SAR_TAGS, _PAYLOAD))
_LONGEST_TEXT = bytes(255)
_SAR = _SAR_TAGS[0].to_bytes(2, "big")
_PAYLOAD_TAG = _PAYLOAD.to_bytes(2, "big")


def segment_of(octets: bytes) -> Segment | None:
    """Which part a whole submit_sm, submit_multi, deliver_sm or data_sm is; None if it is none.

    A user data header comes before SAR TLVs. What is malformed, or says a part that cannot be
    (3GPP TS 23.040 §9.2.3.24.1: to be ignored), is None. Without the UDHI bit there is a header
    where its elements fill it and one of them says a part.
    """
    plain = _NO_HEADER.match(octets, 4)
    if plain:
        begin, size = plain.end(), len(octets)
        is_text = (
            begin == size or octets[begin] > LONGEST_UNTOLD or not may_have_part(octets, begin)
        )
        # The octet in front is sm_length.
        if is_text and (begin + octets[begin - 1] == size or not _may_have_tlvs(octets, begin)):
            return None
    try:
        # As if sm_length could not lead beyond the PDU.
        begin, end = peek.short_message_at(octets + _LONGEST_TEXT)
        esm_class = peek.esm_class(octets)
    except PduError:
        return None
    end, tlvs, fit = tlvs_near(octets, min(end, len(octets)))
    values = first_values(tlvs, _WANTED)
    # What is behind a text and is no TLV may be the rest of it.
    user_data = octets[begin : end if fit else len(octets)]
    if _PAYLOAD in values and not octets[begin:end].strip(b"\0 "):
        user_data = values[_PAYLOAD]
    is_header = esm_class & _UDHI or has_untold_header(user_data)
    return (part(user_data) if is_header else None) or _of_values(values)


def sar_segment(tlvs: tuple[LocatedTlv, ...]) -> Segment | None:
    """Which part the three SAR TLVs say, with values of one or two octets; None if none."""
    return _of_values(first_values(tlvs, _WANTED))


def _may_have_tlvs(octets: bytes, at: int) -> bool:
    """Whether TLVs that can say a part may be in what follows."""
    return octets.find(_SAR, at) >= 0 or octets.find(_PAYLOAD_TAG, at) >= 0


def _of_values(values: dict[int, bytes]) -> Segment | None:
    found = [values.get(tag, b"") for tag in _SAR_TAGS]
    if not all(1 <= len(value) <= 2 for value in found):
        return None
    return segment(*(int.from_bytes(value, "big") for value in found))
