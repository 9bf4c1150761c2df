"""One write per peer per batch.

Whoever gets octets while a read is dealt with is noted once, and written to once at its end.
Sessions whose traffic feeds each other share one `Batch`.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger


class Flushable(Protocol):
    """Something with an outbox."""

    def flush(self) -> None:
        """Write what is in the outbox, and empty it."""


class Batch:
    """The sessions that have octets to write.

    :param clock: schedules the write of what is sent outside a read.
    """

    __slots__ = ("_clock", "_open", "_touched")

    log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._touched: list[Flushable] = []
        self._open = False

    def open(self) -> None:
        """A read begins: whoever began it calls `flush` when it is dealt with."""
        self._open = True

    def add(self, session: Flushable) -> None:
        """Note ``session``, whose outbox was empty and no longer is."""
        if not self._open and not self._touched:
            self._clock.callLater(0, self.flush)
        self._touched.append(session)

    def flush(self) -> None:
        """Write to everyone noted."""
        self._open = False
        touched, self._touched = self._touched, []
        for session in touched:
            try:
                session.flush()
            except Exception:
                # A transport that fails is its own session's end, not that of the others here.
                self.log.failure("write failed")
