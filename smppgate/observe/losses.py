"""`Losses`: lines of a message log that were lost."""

from __future__ import annotations

from collections.abc import Callable

from smppgate.notices.store import LINES_LOST
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.seldom import Seldom

WARNING_INTERVAL = 60.0
"""Seconds between two lines about what is lost, of each log: each has the count so far."""


class Losses:
    """Lines of one log that were lost: counted, and told once in a while.

    :param name: what the log is called in words.
    :ivar count: how many.
    """

    log = Logger()

    def __init__(self, name: str, monotonic: Callable[[], float]) -> None:
        self.count = 0
        self._name = name
        self._monotonic = monotonic
        self._lines = Seldom(WARNING_INTERVAL)

    def lost(self, lines: int, why: str) -> None:
        """So many more are lost."""
        self.count += lines
        if self._lines.is_due(self._monotonic()):
            self.log.tell(LINES_LOST, name=self._name, reason=why, count=self.count)
