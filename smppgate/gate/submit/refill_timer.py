"""`RefillTimer`: tells all limits of a gate when their tokens are there again."""

from __future__ import annotations

from collections.abc import Callable

from smppgate.gate.submit.due_timer import DueTimer
from smppgate.routing.limits.refills import Refill
from smppgate.txsmpp.clock import Clock


class RefillTimer:
    """The `smppgate.routing.limits.refills.Refills` of a gate. ``len()``: how many wait."""

    def __init__(self, clock: Clock) -> None:
        self._timer: DueTimer[Refill] = DueTimer(clock, self._due)

    def __len__(self) -> int:
        return len(self._timer)

    def await_tokens(self, at: float, then: Callable[[float], None]) -> Refill:
        """Call ``then`` once at the time ``at``, or a little later, with the time that it is."""
        refill = Refill(at, then)
        self._timer.add(refill)
        return refill

    def cancel(self, refill: Refill) -> None:
        """Call it no more; one that was called or cancelled is ignored."""
        if not refill.is_gone:
            refill.is_gone = True
            self._timer.forget()

    def stop(self) -> None:
        """Call nobody any more."""
        self._timer.stop()

    def _due(self, refill: Refill, now: float) -> None:
        self.cancel(refill)
        refill.then(now)
