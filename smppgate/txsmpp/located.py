"""TLVs found by offset in a whole PDU, as far as they can be read.

`smppgate.txsmpp.tlv.read_tlvs` is for decoding and takes all or nothing. This is for those who
look for a few TLVs in a PDU that is relayed whatever else is in it: it never raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

TLV_HEADER = Struct(">HH")
"""Tag and length of a TLV, SMPP v3.4 §3.2.4.1."""


class LocatedTlv(NamedTuple):
    """A TLV: its tag, where its value begins, and the value as far as it is there.

    Its header is the four octets in front of the value.
    """

    tag: int
    at: int
    value: bytes


def located_tlvs(octets: bytes, at: int) -> tuple[LocatedTlv, ...]:
    """The TLVs from offset ``at`` on; of the last, the value may end with the PDU."""
    found = []
    last = len(octets) - 4
    while at <= last:
        tag, length = TLV_HEADER.unpack_from(octets, at)
        at += 4
        found.append(LocatedTlv(tag, at, octets[at : at + length]))
        at += length
    return tuple(found)


def first_value(tlvs: Iterable[LocatedTlv], tag: int) -> bytes:
    """Value of the first with this tag, empty without one."""
    return next((value for each, _, value in tlvs if each == tag), b"")
