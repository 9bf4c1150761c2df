"""Return paths to fill a store with: octets as a gate keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

# Odd, so that different return paths have different ids; no index is filled in its order by them.
_SCATTER = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def key(number: int) -> bytes:
    """The key of one return path: a group and an id of 16 octets that look random."""
    return b"smsc%d\0%016x" % (number % 2, number * _SCATTER & _MASK)


def value(number: int) -> bytes:
    """What a return path says: account, tag, session, kind."""
    return b"esme%d\0k3f9\0a81be2d7.%x\0t" % (number % 7, number % 16 + 1)


def some(numbers: Iterable[int]) -> dict[bytes, bytes]:
    """The return paths of these numbers."""
    return {key(n): value(n) for n in numbers}


def batches(numbers: Iterable[int], size: int) -> Iterator[dict[bytes, bytes]]:
    """The return paths of these numbers, so many at a time."""
    rest = iter(numbers)
    while batch := some(islice(rest, size)):
        yield batch
