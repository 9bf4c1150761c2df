"""A batch of return paths, and of ends of return paths, as one run of octets.

Packing and unpacking are loops of the interpreter's own, in C: the former lies on the way of
every message that asks for a receipt.

Layout, integers being 4 octets, lowest first: the number of ended keys, the number of return
paths; the lengths of the ended keys, of the return paths' keys, of their values; then all of these
in the same order. The ends are older than the return paths: a key may be ended and kept anew in
one batch.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise

from attrs import define, field

_HEAD = struct.Struct("<II")

PIECE_SIZE = 4096
"""Return paths with which a `Piece` is enough: taking them over is to be no pause for the
reactor."""
END_WEIGHT = 8
"""What the end of a return path counts against that: it is looked for in each segment of
memory."""


class JournalError(ValueError):
    """Octets that are no batch."""


def pack(ended: Sequence[bytes], paths: Mapping[bytes, bytes]) -> bytes:
    """The octets of a batch.

    :raises TypeError: when keys or values are no octets.
    """
    count = len(paths)
    values = paths.values()
    return b"".join(
        (
            _HEAD.pack(len(ended), count),
            struct.pack(f"<{len(ended)}I", *map(len, ended)),
            struct.pack(f"<{count}I", *map(len, paths)),
            struct.pack(f"<{count}I", *map(len, values)),
            *ended,
            *paths,
            *values,
        )
    )


def unpack(octets: bytes) -> tuple[list[bytes], dict[bytes, bytes]]:
    """The ended keys and the return paths of a batch.

    :raises JournalError: when it is none.
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
    """Batches that follow each other, as one.

    ``first`` and ``last`` are their numbers, ``written`` the time of the last, ``entries`` how
    many return paths and ends of return paths they have. ``ended`` is older than ``paths``.
    """

    first: int
    last: int
    written: float
    entries: int = 0
    ended: list[bytes] = field(factory=list)
    paths: dict[bytes, bytes] = field(factory=dict)

    @property
    def weight(self) -> int:
        """How much there is to be dealt with, in return paths."""
        return len(self.paths) + END_WEIGHT * len(self.ended)

    def add(self, number: int, written: float, octets: bytes) -> None:
        """Take the next batch in.

        :raises JournalError: when ``octets`` are none.
        """
        ended, paths = unpack(octets)
        for key in ended:
            self.paths.pop(key, None)
        self.ended += ended
        self.paths |= paths
        self.entries += len(ended) + len(paths)
        self.last, self.written = number, written


def gather(
    rows: Iterable[tuple[int, float, bytes]], span: float, size: int = PIECE_SIZE
) -> Piece | None:
    """The first of ``rows`` (number, time written, octets) as one piece; None without any.

    ``span`` is how many seconds may lie between the first and the last of them, ``size`` the
    weight at which it is enough.

    :raises JournalError: when one of them is no batch.
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
