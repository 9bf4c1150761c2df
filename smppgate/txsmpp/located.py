"""TLVs found by offset in a whole PDU, as far as they can be read.

`smppgate.txsmpp.tlv.read_tlvs` is for decoding and takes all or nothing. This is for finding a
few TLVs in a PDU that is relayed whatever else is in it: it never raises.

Some SMSCs write NULs that no length counts: behind a text, or behind a C-octet string in a TLV.
Where the TLVs do not fill the PDU as they are written, such NULs are stepped over, and if the
TLVs fill it then, that is how they are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

from smppgate.txsmpp.constants import Tag

TLV_HEADER = Struct(">HH")
"""Tag and length of a TLV, SMPP v3.4 §3.2.4.1."""

MOST_TLVS = 128
"""TLVs of one PDU that are looked at. SMPP v5.0 §4.8.4 defines 63, and a message has a handful of
them and of a vendor's; but a PDU may hold 17 000 empty ones, at 0.2 µs or more each."""

_MOST_STRAYS = 8
"""NULs in a row that are stepped over: those seen were one, and padding to four octets."""

_KNOWN = frozenset(map(int, Tag))
_VENDORS = range(0x1400, 0x4000)


class LocatedTlv(NamedTuple):
    """A TLV: its tag, where its value begins, and the value as far as it is there.

    Its header is the four octets in front of the value.
    """

    tag: int
    at: int
    value: bytes


def located_tlvs(octets: bytes, at: int) -> tuple[LocatedTlv, ...]:
    """The first `MOST_TLVS` from offset ``at`` on; the last one's value may end with the PDU."""
    return tlvs_and_fit(octets, at)[0]


def tlvs_and_fit(octets: bytes, at: int) -> tuple[tuple[LocatedTlv, ...], bool]:
    """The same, and whether they fill the PDU, but for less than four NULs at its end.

    More of them than are looked at are taken to fill it.
    """
    tlvs, end = _as_written(octets, at)
    fit = _fills(octets, end)
    # Tag 0 is reserved: three stray NULs and a short TLV look like one of them.
    if fit and all(tlv.tag for tlv in tlvs):
        return tlvs, True
    others, end = _without_strays(octets, at)
    return (others, True) if _fills(octets, end) else (tlvs, fit)


def tlvs_near(octets: bytes, at: int) -> tuple[int, tuple[LocatedTlv, ...], bool]:
    """Where TLVs begin that are said to at ``at``, they, and whether they fill the PDU.

    They begin one octet earlier where they fill it then only: some SMSCs count a NUL into
    sm_length that they do not write.
    """
    tlvs, fit = tlvs_and_fit(octets, at)
    if fit or not at:
        return at, tlvs, fit
    others, others_fit = tlvs_and_fit(octets, at - 1)
    return (at - 1, others, True) if others_fit else (at, tlvs, False)


def first_value(tlvs: Iterable[LocatedTlv], tag: int) -> bytes:
    """Value of the first with this tag, empty without one."""
    return next((value for each, _, value in tlvs if each == tag), b"")


def first_values(tlvs: Iterable[LocatedTlv], tags: frozenset[int]) -> dict[int, bytes]:
    """Tag → value of the first with it, for those of ``tags`` that are there."""
    found: dict[int, bytes] = {}
    for tag, _, value in tlvs:
        if tag in tags:
            found.setdefault(tag, value)
    return found


def is_plausible(tlv: LocatedTlv) -> bool:
    """Whether its tag is one of the specification's or of a vendor's."""
    return tlv.tag in _KNOWN or tlv.tag in _VENDORS


def _fills(octets: bytes, end: int) -> bool:
    return end <= len(octets) and not octets[end : end + 4].strip(b"\0")


def _as_written(octets: bytes, at: int) -> tuple[tuple[LocatedTlv, ...], int]:
    """The TLVs, and the offset behind the last, which is len(octets) where there are too many."""
    found: list[LocatedTlv] = []
    last = len(octets) - 4
    while at <= last:
        if len(found) == MOST_TLVS:
            return tuple(found), len(octets)
        tag, length = TLV_HEADER.unpack_from(octets, at)
        at += 4
        found.append(LocatedTlv(tag, at, octets[at : at + length]))
        at += length
    return tuple(found), at


def _without_strays(octets: bytes, at: int) -> tuple[tuple[LocatedTlv, ...], int]:
    """The same, with stray NULs stepped over."""
    found: list[LocatedTlv] = []
    last = len(octets) - 4
    while (at := _behind_strays(octets, at)) <= last:
        if len(found) == MOST_TLVS:
            return tuple(found), len(octets)
        tag, length = TLV_HEADER.unpack_from(octets, at)
        at += 4
        found.append(LocatedTlv(tag, at, octets[at : at + length]))
        at += length
    return tuple(found), at


def _behind_strays(octets: bytes, at: int) -> int:
    """Where the TLV begins that ``at`` is the beginning of, or stray NULs in front of it."""
    each = at
    while each + 4 <= len(octets) and each - at <= _MOST_STRAYS:
        tag, length = TLV_HEADER.unpack_from(octets, each)
        is_likely = tag in _KNOWN or (tag in _VENDORS and each > at)
        if is_likely and each + 4 + length <= len(octets):
            return each
        if octets[each]:
            break
        each += 1
    return at
