"""What a limit that is reached needs: to be told when tokens are there again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Refill:
    """A limit waits for tokens. Mutable and slotted.

    :param deadline: when they are there; seconds on the monotonic clock.
    :param then: called at that time, with the time that it is then.
    :ivar is_gone: whether it is not waited for any more.
    """

    __slots__ = ("deadline", "is_gone", "then")

    def __init__(self, deadline: float, then: Callable[[float], None]) -> None:
        self.deadline = deadline
        self.then = then
        self.is_gone = False


class Refills(Protocol):
    """Tells limits when tokens are there again. A gate has one, with one timer for all."""

    def await_tokens(self, at: float, then: Callable[[float], None]) -> Refill:
        """Call ``then`` once at the time ``at``, or a little later, with the time that it is."""

    def cancel(self, refill: Refill) -> None:
        """Call it no more; one that was called or cancelled is ignored."""
