"""What the gate logs while a world runs: errors that nobody expects end the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.notices.smscs import LINK_REFUSED
from smppgate.notices.store import FILE_DAMAGED, STORE_LATE
from tests.simulation.mutants import StaleMutant


@implementer(ILogObserver)
class Errors:
    """Notes errors.

    :ivar found: each as text.
    :ivar of_mutant: one that a mutant has made which does not fit the gate any more.
    :ivar store_may_be_late: whether a stop may end before the store has written all.
    :ivar power_may_be_lost: whether the end of a file may be damaged at a start.
    :ivar expected: the codes of others that may be logged.
    """

    def __init__(self) -> None:
        self.found: list[str] = []
        self.of_mutant: Failure | None = None
        self.store_may_be_late = self.power_may_be_lost = False
        self.expected: set[str] = set()

    def __call__(self, event: LogEvent) -> None:
        """Something is logged."""
        failure = event.get("log_failure")
        level = event.get("log_level", LogLevel.info)
        if failure is None and level < LogLevel.error:
            return
        if failure is None and self._is_expected(event.get("code")):
            return
        if failure is not None and StaleMutant.is_cause_of(failure):
            self.of_mutant = failure
        told = formatEvent(event)
        self.found.append(told if failure is None else f"{told}\n{failure.getTraceback()}")

    def _is_expected(self, code: str | None) -> bool:
        if code == FILE_DAMAGED.code:
            return self.power_may_be_lost
        if code == STORE_LATE.code:
            return self.store_may_be_late
        return code == LINK_REFUSED.code or code in self.expected


@contextmanager
def errors() -> Iterator[Errors]:
    """All that is logged meanwhile."""
    observer = Errors()
    globalLogPublisher.addObserver(observer)
    try:
        yield observer
    finally:
        globalLogPublisher.removeObserver(observer)
