"""Receipts that overtook the submit_sm_resp of their message, and so find no return path yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, takewhile
from typing import Generic, TypeVar

from attrs import define, field

T = TypeVar("T")


@define(eq=False)
class _Waiting(Generic[T]):
    """A receipt, the keys it waits for, the time until which it does, and what it takes."""

    receipt: T
    keys: tuple[bytes, ...]
    until: float
    octets: int


@define
class EarlyReceipts(Generic[T]):
    """Receipts that wait for their return path, in the order they came.

    :param limit: the most receipts kept; beyond it none is taken.
    :param patience: the most seconds that each waits.
    :param most_octets: the most octets of receipts and keys together; beyond it none is taken.
    """

    limit: int = 10_000
    patience: float = 2.0
    most_octets: int = 16 << 20
    octets: int = field(default=0, init=False)
    """Octets that waiting receipts and their keys have now."""
    _by_key: dict[bytes, list[_Waiting[T]]] = field(factory=dict, init=False)
    _in_order: dict[int, _Waiting[T]] = field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._in_order)

    def add(self, receipt: T, keys: Iterable[bytes], now: float, octets: int = 0) -> bool:
        """Let ``receipt`` wait for a return path under any of ``keys``; False beyond a limit.

        A key may be named twice: an id may be the same in two notations.

        :param octets: of the receipt.
        """
        different = tuple(dict.fromkeys(keys))
        octets += sum(map(len, different))
        if len(self._in_order) >= self.limit or self.octets + octets > self.most_octets:
            return False
        self.octets += octets
        waiting = _Waiting(receipt, different, now + self.patience, octets)
        self._in_order[id(waiting)] = waiting
        for key in waiting.keys:
            self._by_key.setdefault(key, []).append(waiting)
        return True

    def is_waited_for(self, key: bytes) -> bool:
        """Whether a receipt waits for ``key``."""
        return key in self._by_key

    def arrived(self, key: bytes) -> list[T]:
        """Take out the receipts that waited for ``key``, in the order they came."""
        return self._out(self._by_key.get(key, ()))

    def take(self, is_wanted: Callable[[T], bool], limit: int) -> list[T]:
        """Take out wanted receipts, in the order they came, ``limit`` of them at most."""
        wanted = (waiting for waiting in self._in_order.values() if is_wanted(waiting.receipt))
        return self._out(islice(wanted, limit))

    def overdue(self, now: float, limit: int | None = None) -> list[T]:
        """Take out receipts that have waited `patience` seconds, ``limit`` of them at most."""
        waited = takewhile(lambda waiting: waiting.until <= now, self._in_order.values())
        return self._out(islice(waited, limit))

    def __iter__(self) -> Iterator[T]:
        return iter([waiting.receipt for waiting in self._in_order.values()])

    def _out(self, found: Iterable[_Waiting[T]]) -> list[T]:
        # Collected before the first removal, which changes what ``found`` iterates over.
        leaving = list(found)
        for waiting in leaving:
            self._remove(waiting)
        return [waiting.receipt for waiting in leaving]

    def _remove(self, waiting: _Waiting[T]) -> None:
        del self._in_order[id(waiting)]
        self.octets -= waiting.octets
        for key in waiting.keys:
            others = self._by_key[key]
            others.remove(waiting)
            if not others:
                del self._by_key[key]
