"""Batches of return paths, and of ends of return paths, as version 0.1 wrote them.

Layout, integers being 4 octets, little-endian: the number of ended keys, the number of return
paths; the lengths of the ended keys, of the return paths' keys, of their values; then all of these
in the same order. The ends are older than the return paths: a batch may end a key and keep it
anew.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import accumulate, pairwise

from attrs import define, field

_HEAD = struct.Struct("<II")

PIECE_SIZE = 4096
"""Weight at which a `Piece` is complete: putting it into memory must be no pause for the
reactor."""
END_WEIGHT = 8
"""Weight of the end of a return path, where a return path has 1: each segment of memory is
searched for it."""


class JournalError(ValueError):
    """A row of the journal is not a batch."""


def unpack(octets: bytes) -> tuple[list[bytes], dict[bytes, bytes]]:
    """The ended keys and the return paths of a batch.

    :raises JournalError: when ``octets`` are not a batch.
    """
    try:
        ends, count = _HEAD.unpack_from(octets)
        total = ends + 2 * count
        lengths = struct.unpack_from(f"<{total}I", octets, _HEAD.size)
    except struct.error as error:
        raise JournalError(f"a batch of {len(octets)} octets is cut off") from error
    bounds = list(accumulate(lengths, initial=_HEAD.size + 4 * total))
    if bounds[-1] != len(octets):
        raise JournalError(f"a batch of {bounds[-1]} octets has {len(octets)}")
    parts = [octets[start:stop] for start, stop in pairwise(bounds)]
    keys = parts[ends : ends + count]
    return parts[:ends], dict(zip(keys, parts[ends + count :], strict=True))


@define
class Piece:
    """Consecutive batches, combined.

    ``first`` and ``last`` are their numbers, ``written`` is when the last was written, ``entries``
    the number of return paths and ends of return paths in them. ``ended`` is older than ``paths``.
    """

    first: int
    last: int
    written: float
    entries: int = 0
    ended: list[bytes] = field(factory=list)
    paths: dict[bytes, bytes] = field(factory=dict)

    @property
    def weight(self) -> int:
        """The work of putting it into memory, in return paths."""
        return len(self.paths) + END_WEIGHT * len(self.ended)

    def add(self, number: int, written: float, octets: bytes) -> None:
        """Add the next batch.

        :raises JournalError: when ``octets`` are not a batch.
        """
        ended, paths = unpack(octets)
        for key in ended:
            self.paths.pop(key, None)
        self.ended += ended
        self.paths |= paths
        self.entries += len(ended) + len(paths)
        self.last, self.written = number, written


def gather(rows: Iterable[tuple[int, float, bytes]], span: float, size: int) -> Piece | None:
    """The first of ``rows`` (number, time written, octets) as one piece; None if there are none.

    :param span: seconds that may lie between the first and the last batch of the piece.
    :param size: the weight at which the piece is complete.
    :raises JournalError: when a row is not a batch.
    """
    piece: Piece | None = None
    for number, written, octets in rows:
        if piece is None:
            piece, until = Piece(number, number, written), written + span
        elif written > until:
            break
        piece.add(number, written, octets)
        if piece.weight >= size:
            break
    return piece
