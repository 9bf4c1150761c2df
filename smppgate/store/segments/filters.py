"""Which keys an index may have: two bits of a filter say no of 69 in 70 that it does not have.

A filter has up to 2 MB, and is in memory in pieces. The thread that reads it lets go of the
interpreter's lock for each: a reactor that has the same core as that thread goes on in between,
and memory that pieces of another filter have left is used again. To read one as a whole was a
pause of 5 ms there. Helper processes import this module: it imports little.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from zlib import crc32

from smppgate.store.segments.files import AnyFolder

BITS = 16
"""For each entry: one in 70 keys that are not there passes."""
PIECE = 64 << 10
"""Octets of a piece."""

_M32 = (1 << 32) - 1
_PLACES = PIECE << 3
_IN_PIECE = PIECE - 1


class Filter:
    """A filter in memory. One that is empty says of no key that it is not there.

    :param pieces: its octets, `PIECE` in each but the last.
    """

    __slots__ = ("_bits", "_pieces")

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._bits = sum(map(len, pieces)) << 3

    def __len__(self) -> int:
        """Its octets."""
        return self._bits >> 3

    def may_have(self, key: int) -> bool:
        """Whether the key of this hash, of 8 octets, may be there."""
        bits, pieces = self._bits, self._pieces
        if not bits:
            return True
        place = (key & _M32) * bits >> 32
        if not pieces[place // _PLACES][place >> 3 & _IN_PIECE] >> (place & 7) & 1:
            return False
        place = (key >> 32) * bits >> 32
        return bool(pieces[place // _PLACES][place >> 3 & _IN_PIECE] >> (place & 7) & 1)


NO_FILTER = Filter(())
"""In place of one for which there is no room."""


def make_filter(count: int, entries: Iterable[bytes | bytearray], size: int) -> bytes:
    """The octets of a filter for ``count`` entries of ``size`` octets, which come in runs.

    An entry begins with the hash of its key.
    """
    octets = bytearray(max(1, count * BITS >> 3))
    bits = len(octets) << 3
    step = size // 4
    for run in entries:
        words = array("I", bytes(run))
        if sys.byteorder == "little":
            words.byteswap()
        for half in (words[0::step], words[1::step]):
            for word in half:
                place = word * bits >> 32
                octets[place >> 3] |= 1 << (place & 7)
    return bytes(octets)


def read_filter(
    folder: AnyFolder, name: str, size: int, offset: int, checksum: int
) -> tuple[Filter, int]:
    """The filter of so many octets there, and the checksum of what had ``checksum`` and of it.

    :raises OSError: when it cannot be read.
    """
    pieces = []
    for start in range(0, size, PIECE):
        piece = folder.read(name, min(PIECE, size - start), offset + start)
        checksum = crc32(piece, checksum)
        pieces.append(piece)
    return Filter(pieces), checksum
