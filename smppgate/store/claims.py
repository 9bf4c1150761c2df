"""`Claims`: which of several processes has the claim on each queue, and which is next."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from attrs import define, field, frozen

P = TypeVar("P", bound=Hashable)


@frozen
class Change(Generic[P]):
    """What follows from a call.

    :param granted: the process that has the claim now, and had not before.
    :param wanted: the process that is to let it go soon, and was not told before.
    """

    granted: P | None = None
    wanted: P | None = None


@define
class _Queue(Generic[P]):
    """The claim on one queue.

    :ivar rank: of the process that has it.
    :ivar waiting: the processes that ask for it, in the order in which they came, and their ranks.
    """

    holder: P | None = None
    rank: int = 0
    is_wanted: bool = False
    waiting: dict[P, int] = field(factory=dict)

    def settle(self) -> Change[P]:
        """Give the claim to the next, or find out that it is wanted."""
        if not self.waiting:
            return Change()
        # The first of those with the highest rank.
        best = max(self.waiting, key=self.waiting.__getitem__)
        if self.holder is None:
            self.holder, self.rank = best, self.waiting.pop(best)
            self.is_wanted = False
            return Change(granted=best)
        if self.waiting[best] <= self.rank or self.is_wanted:
            return Change()
        self.is_wanted = True
        return Change(wanted=self.holder)


class Claims(Generic[P]):
    """Queues and processes. One of a higher rank comes first, and others give way to it."""

    def __init__(self) -> None:
        self._queues: dict[bytes, _Queue[P]] = {}
        """None is without a process that has it, or asks for it."""

    def holder(self, account: bytes) -> P | None:
        """The process that has the claim on the queue of ``account``."""
        queue = self._queues.get(account)
        return queue.holder if queue is not None else None

    def is_wanted(self, account: bytes, process: P) -> bool:
        """Whether ``process`` has the claim, and was told to let it go soon."""
        queue = self._queues.get(account)
        return queue is not None and queue.holder == process and queue.is_wanted

    def claim(self, account: bytes, process: P, rank: int) -> Change[P]:
        """A process asks for the claim, or has another rank."""
        queue = self._queues.setdefault(account, _Queue())
        if queue.holder == process:
            queue.rank = rank
        else:
            queue.waiting[process] = rank
        return queue.settle()

    def release(self, account: bytes, process: P) -> Change[P]:
        """A process lets the claim go, or asks for it no longer."""
        queue = self._queues.get(account)
        if queue is None:
            return Change()
        queue.waiting.pop(process, None)
        if queue.holder == process:
            queue.holder = None
        change = queue.settle()
        if queue.holder is None:
            del self._queues[account]
        return change

    def leave(self, process: P) -> dict[bytes, Change[P]]:
        """A process has ended: what follows for each account."""
        return {account: self.release(account, process) for account in list(self._queues)}
