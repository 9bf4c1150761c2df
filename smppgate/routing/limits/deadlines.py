"""`Deadlines`: which of many things is due next, where most are gone before they are due."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Generic, Protocol, TypeVar

_FEW = 64
"""Entries that are gone and kept in any case: below that, it is not worth looking for them."""


class Timed(Protocol):
    """Something with a deadline."""

    deadline: float
    """When it is due; seconds on a clock of its owner's."""

    @property
    def is_gone(self) -> bool:
        """Whether it has no deadline any more; `Deadlines.forget` was called then."""


T = TypeVar("T", bound=Timed)


class Deadlines(Generic[T]):
    """Things in the order of their deadlines; of equal ones, in the order in which they came.

    What is gone stays inside until half of all is: so each costs the same on average as a heap
    does, and no more than twice the room.
    """

    __slots__ = ("_gone", "_heap", "_serial")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._serial = 0
        self._gone = 0

    def __len__(self) -> int:
        """Those that are not gone."""
        return len(self._heap) - self._gone

    def add(self, thing: T) -> None:
        """``thing`` is due at its deadline, which stays as it is from now on."""
        self._serial += 1
        heappush(self._heap, (thing.deadline, self._serial, thing))

    def forget(self) -> None:
        """One of them is gone."""
        self._gone += 1
        if self._gone > max(_FEW, len(self._heap) // 2):
            self._heap = [each for each in self._heap if not each[2].is_gone]
            heapify(self._heap)
            self._gone = 0

    def first(self) -> T | None:
        """The one that is due next; None without any."""
        while self._heap:
            thing = self._heap[0][2]
            if not thing.is_gone:
                return thing
            heappop(self._heap)
            self._gone -= 1
        return None
