"""What the gate logs while a world runs: errors that nobody expects end the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

_EXPECTED = (
    # An SMSC has refused the gate's bind.
    "SMSC {name}: {refusal} at {place}",
)


@implementer(ILogObserver)
class Errors:
    """Notes errors.

    :ivar found: each as text.
    """

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, event: LogEvent) -> None:
        """Something is logged."""
        failure = event.get("log_failure")
        level = event.get("log_level", LogLevel.info)
        if failure is None and level < LogLevel.error:
            return
        if failure is None and event.get("log_format") in _EXPECTED:
            return
        told = formatEvent(event)
        self.found.append(told if failure is None else f"{told}\n{failure.getTraceback()}")


@contextmanager
def errors() -> Iterator[Errors]:
    """All that is logged meanwhile."""
    observer = Errors()
    globalLogPublisher.addObserver(observer)
    try:
        yield observer
    finally:
        globalLogPublisher.removeObserver(observer)
