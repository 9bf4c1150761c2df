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

    :ivar waiting: the processes that ask for it, in the order in which they came, and whether each
        is eager.
    """

    holder: P | None = None
    is_eager: bool = False
    is_wanted: bool = False
    waiting: dict[P, bool] = field(factory=dict)

    def settle(self) -> Change[P]:
        """Give the claim to the next, or find out that it is wanted."""
        eager = next((process for process, is_eager in self.waiting.items() if is_eager), None)
        if self.holder is None:
            return Change(granted=self._grant(eager or next(iter(self.waiting), None)))
        if eager is None or self.is_eager or self.is_wanted:
            return Change()
        self.is_wanted = True
        return Change(wanted=self.holder)

    def _grant(self, process: P | None) -> P | None:
        if process is not None:
            self.holder, self.is_eager = process, self.waiting.pop(process)
            self.is_wanted = False
        return process


class Claims(Generic[P]):
    """Queues and processes. Eager processes come first; one that is not gives way to them."""

    def __init__(self) -> None:
        self._queues: dict[bytes, _Queue[P]] = {}
        """None is without a process that has it, or asks for it."""

    def holder(self, account: bytes) -> P | None:
        """The process that has the claim on the queue of ``account``."""
        queue = self._queues.get(account)
        return queue.holder if queue is not None else None

    def claim(self, account: bytes, process: P, eager: bool) -> Change[P]:
        """A process asks for the claim, or says anew how eager it is."""
        queue = self._queues.setdefault(account, _Queue())
        if queue.holder == process:
            queue.is_eager = eager
        else:
            queue.waiting[process] = eager
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
