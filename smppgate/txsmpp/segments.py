"""What relates a PDU to others: the part of a long message that it is, the step of a dialogue.

Parts name their message by a reference, in a user data header (3GPP TS 23.040 §9.2.3.24.1 and
§9.2.3.24.8) or in the three SAR TLVs (SMPP v3.4 §5.3.2.22 to §5.3.2.24). The reference is unique
only together with both addresses, and only for a while.

Some ESMEs and SMSCs write the header and forget the UDHI bit, or write SAR values of another
length than the specification has; the parts belong together all the same.

Most messages are no parts, nor steps of dialogues, so that is what is found out first: without
some of five octets there can be neither. Then by one match of a pattern and a look at the first
octets of the text, and then no TLV at all, or nowhere the tag of one that matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from smppgate.txsmpp import peek
from smppgate.txsmpp.constants import EsmClass, Tag
from smppgate.txsmpp.dialogues import SERVICE_OP, SESSION_INFO, TAGS, Step, step_of
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import HEADER_SIZE
from smppgate.txsmpp.located import LocatedTlv, first_values, tlvs_near
from smppgate.txsmpp.user_data_header import (
    LONGEST_UNTOLD,
    SHORTEST_PART,
    Segment,
    has_untold_header,
    may_have_part,
    part,
    segment,
)

__all__ = [
    "Segment",
    "Step",
    "may_be_related",
    "relation_of",
    "sar_segment",
    "segment_of",
    "stands_alone",
]

# A submit_sm or deliver_sm from its command_id up to short_message; the group is esm_class.
_C_STRING = rb"[^\0]*+\0"
_TO_TEXT = re.compile(
    rb"\0\0\0[\x04\x05].{8}"
    + _C_STRING
    + (rb".." + _C_STRING) * 2
    + rb"(.).."
    + _C_STRING * 2
    + rb".{5}",
    re.DOTALL,
)


def _match_alone(registered_delivery: bytes) -> Callable[[bytes, int], re.Match[bytes] | None]:
    pattern = (
        _C_STRING
        + (rb".." + _C_STRING) * 2
        + rb"[^\x40-\x7f\xc0-\xff].."
        + _C_STRING * 2
        + registered_delivery
        + rb"\0..."
        + rb"[^\x%02x-\x%02x]" % (SHORTEST_PART, LONGEST_UNTOLD)
    )
    return re.compile(pattern, re.DOTALL).match


match_alone = _match_alone(rb".")
"""A submit_sm from its body to the first octet of its text: without the UDHI bit, with a
replace_if_present_flag of 0, and with a text that begins like no header. See `stands_alone`."""
match_alone_asking = _match_alone(rb"[^\0]")
"""One that asks for a receipt too."""
match_alone_silent = _match_alone(rb"\0")
"""One that does not."""

# Plain, because a member of an enumeration costs more to look up than to use.
_SAR_TAGS = tuple(map(int, (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)))
_PAYLOAD, _UDHI = int(Tag.MESSAGE_PAYLOAD), int(EsmClass.UDHI)
_WANTED = frozenset((*_SAR_TAGS, _PAYLOAD, *TAGS))
_LONGEST_TEXT = bytes(255)
_MARKS = tuple(
    tag.to_bytes(2, "big") for tag in (_SAR_TAGS[0], _PAYLOAD, SERVICE_OP, SESSION_INFO)
)
# What begins the user data of most parts: a header with nothing else in it.
_USUAL, _USUAL_16 = b"\5\0\3", b"\6\x08\4"


def stands_alone(octets: bytes) -> bool:
    """Whether a whole submit_sm is seen at one look to be related to no other.

    It is no part and no step, and replaces no other message (see `peek.replaced`). So are most:
    text alone, without a header, without TLVs. False for all that are to be looked at again.
    """
    match = match_alone(octets, HEADER_SIZE)
    if match is None:
        return False
    begin = match.end() - 1
    return begin + octets[begin - 1] == len(octets)


def may_be_related(octets: bytes) -> bool:
    """Whether a whole PDU may be a part or a step; of most it is known that they are none.

    The element of a part has the octet 3 or 8; the tags of a SAR TLV, of its_session_info and of
    ussd_service_op have 12, 131 and 5. One octet is found in 30 ns, wherever it is; two, and a
    pattern, take several times as long.
    """
    return 3 in octets or 8 in octets or 12 in octets or 131 in octets or 5 in octets


def relation_of(octets: bytes) -> Segment | Step | None:
    """What relates a whole submit_sm, submit_multi, deliver_sm or data_sm to others.

    A step of a dialogue, or else a part of a long message. A user data header comes before SAR
    TLVs. What is malformed, or says a part that cannot be (3GPP TS 23.040 §9.2.3.24.1: to be
    ignored), is None. Without the UDHI bit there is a header where its elements fill it and one of
    them says a part.
    """
    # `may_be_related`, written out for the hot path.
    if not (3 in octets or 8 in octets or 12 in octets or 131 in octets or 5 in octets):
        return None
    match = _TO_TEXT.match(octets, 4)
    if match:
        begin, size = match.end(), len(octets)
        is_all = begin + octets[begin - 1] == size
        is_told = octets[match.start(1)] & _UDHI
        is_text = begin == size or not (
            is_told
            or (SHORTEST_PART <= octets[begin] <= LONGEST_UNTOLD and may_have_part(octets, begin))
        )
        if is_text and (is_all or not _may_have_tlvs(octets, begin)):
            return None
        if is_told and is_all:
            return _usual_part(octets, begin) or part(octets[begin:])
    return _looked_for(octets)


def segment_of(octets: bytes) -> Segment | None:
    """Which part the PDU is; None where it is none, and of a step."""
    relation = relation_of(octets)
    return relation if isinstance(relation, Segment) else None


def _usual_part(octets: bytes, begin: int) -> Segment | None:
    """The part that a header says which has nothing else in it."""
    mark = octets[begin : begin + 3]
    if mark == _USUAL and begin + 6 <= len(octets):
        return segment(octets[begin + 3], octets[begin + 4], octets[begin + 5])
    if mark == _USUAL_16 and begin + 7 <= len(octets):
        reference = octets[begin + 3] << 8 | octets[begin + 4]
        return segment(reference, octets[begin + 5], octets[begin + 6])
    return None


def _looked_for(octets: bytes) -> Segment | Step | None:
    """The same by all TLVs, and what is said in a message_payload."""
    try:
        # As if sm_length could not lead beyond the PDU.
        begin, end = peek.short_message_at(octets + _LONGEST_TEXT)
        esm_class = peek.esm_class(octets)
    except PduError:
        return None
    end, tlvs, fit = tlvs_near(octets, min(end, len(octets)))
    values = first_values(tlvs, _WANTED)
    step = step_of(values)
    if step is not None:
        return step
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
    """Whether TLVs that matter may be in what follows."""
    return any(octets.find(mark, at) >= 0 for mark in _MARKS)


def _of_values(values: dict[int, bytes]) -> Segment | None:
    found = [values.get(tag, b"") for tag in _SAR_TAGS]
    if not all(1 <= len(value) <= 2 for value in found):
        return None
    return segment(*(int.from_bytes(value, "big") for value in found))
