"""`Stamps`: which of two values of a return path is the newer, over all nodes.

A stamp is when a value was kept, in 64ths of a millisecond of the wall clock, as 6 octets in front
of it: big-endian, so that they are in the order of their octets too. All stamps of a node differ:
where two values of a key differ, one is the newer.
"""

from __future__ import annotations

from collections.abc import Callable

STAMP = 6
"""Octets of a stamp: they last until 2109."""
_SECOND = 64_000
_MARGIN = 0.001
"""Seconds that stamps may be ahead of the clock, where many are given out at once."""


class Stamps:
    """Gives out stamps.

    :param wall: seconds of the wall clock.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._last = 0

    def next(self) -> int:
        """One that is greater than all before, also where the clock was set back."""
        self._last = stamp = max(int(self._wall() * _SECOND), self._last + 1)
        return stamp

    def follow(self, time: float) -> None:
        """Give out none from now on that means ``time``, or before."""
        self._last = max(self._last, stamp_at(time + _MARGIN))


def octets_of(stamp: int) -> bytes:
    """A stamp as it stands before a value."""
    return stamp.to_bytes(STAMP, "big")


def time_of(stamp: int) -> float:
    """The time that a stamp means; `stamp_at` gives the stamp again."""
    return stamp / _SECOND


def stamp_at(time: float) -> int:
    """The stamp of a time."""
    return round(time * _SECOND)


def stamp_of(value: bytes) -> int:
    """The stamp before a value."""
    return int.from_bytes(value[:STAMP], "big")
