"""Fields of what peers tell each other: TLVs of the range that SMPP leaves to vendors.

A field that a node does not know is passed over, so that nodes of two versions work together: what
a later version adds, an earlier one does without. No tag is ever used for something else.

A message that is relayed ends with one TLV, its envelope. The last field of the envelope is its
own size: so it is found from the end, whatever is in the message, and the message is what it was
when the envelope is taken away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from struct import Struct

from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError

# The range of vendors is 0x1400 to 0x3FFF: SMPP v3.4 §5.3.2.
ENVELOPE = 0x1420
"""The TLV that has the fields of a message."""
ACCOUNT = 0x1421
"""system_id of an account."""
SESSION = 0x1422
"""Token of a session, see `Submitters`."""
VERSION = 0x1423
"""interface_version of a session, or of the message in an envelope: one octet."""
MEMBER = 0x1425
"""Name of an SMSC."""
FAILED = 0x1424
"""In a resp: why no answer of an ESME is in it, one octet; see `Failure`."""
SIZE = 0x142F
"""Octets of the envelope, two of them; its last field."""

SETTINGS = 0x1430
"""What a node is, see `NodeSettings`; ``TAG`` fields follow."""
BOUND = 0x1431
"""A session of an ESME's that is bound at the node that tells it, see `BoundSession`."""
LOST = 0x1432
"""The token of one that is bound no longer."""
ASKED = 0x1433
"""A key whose return path is asked for."""
FOUND = 0x1434
"""The return path of the key that was told right before it."""
AWAITED = 0x1435
"""The name of a message center whose answers are awaited."""
INCOMPLETE = 0x1436
"""Not all that was asked could be looked up."""

SMSC = 0x1439
"""An SMSC that the node that tells it has links to, or has no more, see `LinkedSmsc`."""
HELD = 0x1437
"""A key whose return path is there, but its answer has not left, or just so: ask again."""

ENDED = 0x1438
"""A key whose return path is to end: its final receipt is taken."""

NAME = 0x1440
DIGEST = 0x1441
"""The name of a table of the settings, a NUL, and a digest of it."""
TAG = 0x1442
"""The tag of an SMSC, its name and its group, with NULs between them."""
WINDOW = 0x1443
LOAD = 0x1444
RECEIVES = 0x1445
RANGE = 0x1446
"""A range of numbers that the bind names, and ``KIND``: the TON and NPI of the bind."""
KIND = 0x1447

_HEADER = Struct(">HH")
_LENGTH = Struct(">I")
_SHORT = Struct(">H")
_SIZE_FIELD = 6
_LEAST = 4 + _SIZE_FIELD


def field(tag: int, value: bytes = b"") -> bytes:
    """The octets of a field: a TLV of up to 65 535 octets."""
    return _HEADER.pack(tag, len(value)) + value


def number(tag: int, value: int) -> bytes:
    """A field that is a 4-octet integer."""
    return field(tag, _LENGTH.pack(value))


def fields(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and value of each field in ``octets``, in order.

    :raises PduError: ESME_RINVTLVSTREAM when they do not end where the octets do.
    """
    at, end = 0, len(octets)
    while at < end:
        if at + 4 > end:
            raise PduError("octets left that are no field", CommandStatus.ESME_RINVTLVSTREAM)
        tag, length = _HEADER.unpack_from(octets, at)
        at += 4 + length
        if at > end:
            raise PduError("field longer than the PDU", CommandStatus.ESME_RINVTLVSTREAM)
        yield tag, octets[at - length : at]


def integer(value: bytes) -> int:
    """The integer that a field of any size is."""
    return int.from_bytes(value, "big")


# Messages


def envelope(*parts: bytes) -> bytes:
    """An envelope of these fields, made once for many messages."""
    inner = b"".join(parts)
    size = len(inner) + _LEAST
    return _HEADER.pack(ENVELOPE, size - 4) + inner + field(SIZE, _SHORT.pack(size))


def wrapped(octets: bytes, sealed: bytes) -> bytes:
    """The message in ``octets``, a whole PDU, with the envelope ``sealed``."""
    return _LENGTH.pack(len(octets) + len(sealed)) + octets[4:] + sealed


def all_wrapped(octets: bytes | bytearray, places: Sequence[int], sealed: bytes) -> bytes:
    """The same of several messages, in one piece.

    :param places: where each of them begins in ``octets``, and the last one ends.
    """
    size, pack = len(sealed), _LENGTH.pack
    parts: list[bytes | bytearray] = []
    for begin, end in pairwise(places):
        parts += (pack(end - begin + size), octets[begin + 4 : end], sealed)
    return b"".join(parts)


def envelope_at(octets: bytes, start: int, stop: int) -> bytes:
    """The envelope of the message from ``start`` to ``stop``; empty where it has none."""
    size = _SHORT.unpack_from(octets, stop - 2)[0]
    begin = stop - size
    if begin < start + 16 or size < _LEAST:
        return b""
    if _HEADER.unpack_from(octets, begin) != (ENVELOPE, size - 4):
        return b""
    if _HEADER.unpack_from(octets, stop - _SIZE_FIELD) != (SIZE, 2):
        return b""
    return octets[begin:stop]


def inside(sealed: bytes) -> bytes:
    """The fields of an envelope, without that of its size."""
    return sealed[4:-_SIZE_FIELD]


def unwrapped(octets: bytes) -> tuple[bytes, bytes] | None:
    """A message as it was, and the fields of its envelope; None where it has none."""
    sealed = envelope_at(octets, 0, len(octets))
    if not sealed:
        return None
    size = len(octets) - len(sealed)
    return _LENGTH.pack(size) + octets[4:size], inside(sealed)
