"""Refills by hand."""

from __future__ import annotations

from collections.abc import Callable

from smppgate.routing.limits.refills import Refill


class FakeRefills:
    """Limits that wait for tokens, until the test says that they are there."""

    def __init__(self) -> None:
        self.waiting: list[Refill] = []

    def await_tokens(self, at: float, then: Callable[[float], None]) -> Refill:
        refill = Refill(at, then)
        self.waiting.append(refill)
        return refill

    def cancel(self, refill: Refill) -> None:
        refill.is_gone = True
        if refill in self.waiting:
            self.waiting.remove(refill)

    def advance(self, now: float) -> None:
        """It is so late now."""
        for refill in [each for each in self.waiting if each.deadline <= now]:
            self.cancel(refill)
            refill.then(now)
