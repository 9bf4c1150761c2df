"""A receipt, read once: how it is recognised, its ids and state, and where the ids stand.

`located_receipt` is the one place where a PDU is looked at for this. What it gives answers all
that is asked later: whose the receipt is, whether it is final, what stands where another id must
go (`receipt_rewriting`), what a peer of SMPP 3.3 must be told in the text (`adaptation`).

Most receipts are a deliver_sm with a text as in SMPP v3.4 appendix B, with TLVs only, or both.
One match of a pattern and one walk over the TLVs read those. Whatever differs is read by
`message_text` and `text_fields`, several times as slowly; what both can read they read the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from smppgate.txsmpp.constants import EsmClass, Tag
from smppgate.txsmpp.id_key import LONGEST_ID, id_key
from smppgate.txsmpp.located import MOST_TLVS, TLV_HEADER, LocatedTlv, first_value, located_tlvs
from smppgate.txsmpp.message_text import TextField, layout
from smppgate.txsmpp.receipt_reading import USUAL_FIELDS, TextIds, are_all, best_reading
from smppgate.txsmpp.receipt_states import says_final

# Plain, because a member of an enumeration costs more to look up than to use.
_TYPE, _UDHI = int(EsmClass.MESSAGE_TYPE_MASK), int(EsmClass.UDHI)
_RECEIPT, _ABORT = int(EsmClass.MC_DELIVERY_RECEIPT), int(EsmClass.CONVERSATION_ABORT)
_ID, _STATE, _PAYLOAD = (
    int(Tag.RECEIPTED_MESSAGE_ID),
    int(Tag.MESSAGE_STATE),
    int(Tag.MESSAGE_PAYLOAD),
)

# A deliver_sm behind command_length, up to its text and, where that is the usual one, up to the
# end of its fields. The groups are esm_class, sm_length, id, stat.
_C_STRING = rb"[^\0]*+\0"
_OUTSIDE = (
    rb"\0\0\0\x05.{8}",
    _C_STRING + (rb".." + _C_STRING) * 2,
    rb"(.)..",
    _C_STRING * 2,
    rb"....(.)",
)
_USUAL = re.compile(rb"%b(?:%b)?" % (b"".join(_OUTSIDE), USUAL_FIELDS), re.DOTALL)
_DATA_SM = b"\0\0\1\3"


class Recognition(Enum):
    """By what a message is known to be a receipt, the surest first."""

    ESM_CLASS = "esm_class"
    TLV = "receipted_message_id"
    TEXT = "text"
    NONE = "none"
    """It is not one."""


class TlvId(NamedTuple):
    """Where a TLV receipted_message_id has the id, and where its value begins and ends."""

    at: int
    end: int
    id_begin: int
    id_end: int


class LocatedReceipt(NamedTuple):
    """What a whole deliver_sm or data_sm says as a receipt. Offsets are those of the PDU.

    ``ids`` are the ids that it names, each as `id_key` has it, without repetitions: those of TLVs,
    then that of the text. Where they differ, the SMSC may have written one number in two
    notations. ``stat`` is the word of the text as it stands, empty without one; ``state`` the
    octet of the TLV message_state, None without one.
    """

    recognition: Recognition
    esm_class: int
    ids: tuple[bytes, ...]
    stat: bytes
    state: int | None
    text: TextIds | None
    tlvs: tuple[TlvId, ...]

    @property
    def is_final(self) -> bool:
        """Whether it is the last report of its message: see `receipt_states.says_final`.

        An acknowledgement by an SME and an intermediate notification are not, unless esm_class
        has the bit of a receipt too: the message center's own may still come.
        """
        kind = self.esm_class & _TYPE
        return (not kind or kind & _RECEIPT != 0) and says_final(self.stat, self.state)


NO_RECEIPT = LocatedReceipt(Recognition.NONE, 0, (), b"", None, None, ())
"""What octets say that are no receipt."""

_BY_ESM_CLASS, _BY_TLV, _BY_TEXT = Recognition.ESM_CLASS, Recognition.TLV, Recognition.TEXT


# A table, and tuples made without their own __new__ in Python: this runs for each receipt.
_REPORTS = tuple(bool(each & _TYPE) and each & _TYPE != _ABORT for each in range(256))
_new = tuple.__new__


def reports(esm_class: int) -> bool:
    """Whether a deliver_sm or data_sm with this esm_class (one octet) says that it is a receipt.

    Bits 5 to 2 are one type in SMPP v3.4 §5.2.12 and v5.0 §4.7.12: receipt of the message center
    (0x04), SME delivery acknowledgement (0x08), SME manual acknowledgement (0x10), conversation
    abort (0x18), intermediate notification (0x20). SMSCs set several, so any of these bits makes
    a receipt; the abort alone is a message of a dialogue and makes none.
    """
    return _REPORTS[esm_class]


def located_receipt(octets: bytes) -> LocatedReceipt:
    """What a whole PDU says as a receipt; `NO_RECEIPT` for what is none.

    It is one if esm_class `reports`, if a TLV receipted_message_id has an id, or if its text has
    an id and a ``stat:``. Whatever the octets are, nothing is raised, and the work is at most in
    proportion to their number.
    """
    found = _USUAL.match(octets, 4)
    if found is None:
        return read_closely(octets) if octets.startswith(_DATA_SM, 4) else NO_RECEIPT
    kind, _, message_id, stat = found.groups()
    esm_class = kind[0]
    if message_id is not None or _REPORTS[esm_class]:
        return _usual(octets, found, esm_class, message_id, stat) or read_closely(octets)
    return read_closely(octets) if _names_a_message(octets) else NO_RECEIPT


def _usual(
    octets: bytes, found: re.Match[bytes], esm_class: int, message_id: bytes | None, stat: bytes
) -> LocatedReceipt | None:
    """A receipt in the usual form; None for all that must be looked at more closely."""
    begin = found.end(2)
    behind = begin + octets[begin - 1]
    size = len(octets)
    if esm_class & _UDHI or behind > size:
        return None
    if message_id is None:
        return _with_tlvs(octets, behind, esm_class, b"", None) if behind == begin else None
    if not are_all(found, octets, behind):
        return None
    text = _new(TextIds, (begin, behind, 1, begin, "latin-1", (found.span(3),)))
    if behind < size or len(message_id) > LONGEST_ID:
        return _with_tlvs(octets, behind, esm_class, stat, text)
    recognition = _BY_ESM_CLASS if _REPORTS[esm_class] else _BY_TEXT
    fields = (recognition, esm_class, (message_id,), stat, None, text, ())
    return _new(LocatedReceipt, fields)


def _with_tlvs(
    octets: bytes, at: int, esm_class: int, stat: bytes, text: TextIds | None
) -> LocatedReceipt | None:
    """The usual receipt with its TLVs, from offset ``at`` on, if they fill the PDU as they are."""
    state: int | None = None
    located: tuple[TlvId, ...] = ()
    size, last = len(octets), len(octets) - 4
    unpack = TLV_HEADER.unpack_from
    for _ in range(MOST_TLVS):
        if at > last:
            break
        tag, length = unpack(octets, at)
        at += 4
        if tag == _ID:
            located += _tlv_id(octets, at, at + length)
        elif tag == _STATE and state is None and length:
            state = octets[at] if at < size else None
        elif not tag or (tag == _PAYLOAD and text is None):
            return None
        at += length
    if at != size or not (text or located):
        return None
    recognition = _recognition(esm_class, bool(located), text is not None)
    fields = (recognition, esm_class, _ids(octets, text, located), stat, state, text, located)
    return _new(LocatedReceipt, fields)


def _recognition(esm_class: int, has_tlv: bool, has_text: bool) -> Recognition:
    if reports(esm_class):
        return _BY_ESM_CLASS
    if has_tlv:
        return _BY_TLV
    return _BY_TEXT if has_text else Recognition.NONE


def _ids(
    octets: bytes, text: TextIds | None, located: tuple[TlvId, ...], narrow: bytes = b""
) -> tuple[bytes, ...]:
    """Those of TLVs and that of the text, without repetitions.

    :param narrow: that of the text as one octet a character, where it is not so in the PDU.
    """
    ids = [octets[begin:end] for _, _, begin, end in located]
    if text is not None:
        begin, end = text.spans[0]
        ids.append(narrow or octets[begin:end])
    first = ids[0] if ids else b""
    if len(first) <= LONGEST_ID and ids.count(first) == len(ids):
        return (first,) if ids else ()
    return tuple(dict.fromkeys(map(id_key, ids)))


def _tlv_id(octets: bytes, at: int, end: int) -> tuple[TlvId, ...]:
    """Where the id is in a value, up to its first NUL and without blanks around it."""
    nul = octets.find(0, at, end)
    string = octets[at : end if nul < 0 else nul]
    word = string.strip()
    if not word:
        return ()
    begin = at if word == string else at + len(string) - len(string.lstrip())
    return (TlvId(at, min(end, len(octets)), begin, begin + len(word)),)


# Any receipt


def _names_a_message(octets: bytes) -> bool:
    """Whether there may be an id in a TLV or a text: a look at most messages says that not."""
    return b"\0\x1e" in octets or b"stat" in octets.translate(None, b"\0").lower()


def read_closely(octets: bytes) -> LocatedReceipt:
    """What `located_receipt` gives, found without a pattern for the usual form."""
    where = layout(octets)
    if where is None:
        return NO_RECEIPT
    best = best_reading(octets, where)
    tlvs = where.tlvs
    if best.field is not None and not best.field.length_size:
        tlvs = located_tlvs(octets, best.field.end)
    located = tuple(_tlv_ids(octets, tlvs, best.field))
    recognition = _recognition(where.esm_class, bool(located), best.is_whole)
    if recognition is Recognition.NONE:
        return NO_RECEIPT
    text = best.text_ids()
    state = first_value(tlvs, _STATE)[:1]
    return LocatedReceipt(
        recognition,
        where.esm_class,
        _ids(octets, text, located, best.message_id),
        best.stat or b"",
        state[0] if state else None,
        text,
        located,
    )


def _tlv_ids(
    octets: bytes, tlvs: tuple[LocatedTlv, ...], text: TextField | None
) -> Iterator[TlvId]:
    """Where the ids of TLVs are; what is read as text is none."""
    begin, end = (text.begin, text.end) if text is not None else (0, 0)
    for tag, at, value in tlvs:
        if tag == _ID and (at + len(value) <= begin or at - 4 >= end):
            yield from _tlv_id(octets, at, at + len(value))
