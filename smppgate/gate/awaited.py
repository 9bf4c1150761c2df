"""`Awaited`: something that comes once and again, and who waits for it."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed


class Awaited:
    """Deferreds that fire together, or are cancelled together."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[None]] = []

    def wait(self, is_here: bool) -> Deferred[None]:
        """Fires at once if it ``is_here``, else as soon as it has come."""
        if is_here:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        return waiter

    def came(self) -> None:
        """It is here: all that wait fire."""
        for waiter in self._take():
            waiter.callback(None)

    def cancel(self) -> None:
        """It does not come any more."""
        for waiter in self._take():
            waiter.cancel()

    def _take(self) -> list[Deferred[None]]:
        waiting, self._waiting = self._waiting, []
        return waiting
