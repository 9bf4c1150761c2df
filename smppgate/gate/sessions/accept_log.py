"""`AcceptLog`: connections that the process has no descriptor for, in one line a minute.

Twisted logs several lines for each of them, and with the descriptors used up there may be
thousands a second.
"""

from __future__ import annotations

from typing import Any

import twisted.logger
from zope.interface import implementer

from smppgate.notices.esmes import NO_DESCRIPTORS
from smppgate.txsmpp.log import Logger

INTERVAL = 60.0
"""Seconds from one line to the next."""


@implementer(twisted.logger.ILogObserver)
class AcceptLog:
    """An observer for what a listening port logs when it accepts connections."""

    log = Logger()

    def __init__(self) -> None:
        self._told_at = float("-inf")
        self._closed = 0

    @classmethod
    def replace(cls, port: Any) -> None:
        """Let ``port``, a listening port of Twisted's, log here. Other ports stay as they are."""
        logger = getattr(port, "_logger", None)
        if isinstance(logger, twisted.logger.Logger):
            port._logger = Logger(namespace=logger.namespace, observer=cls())

    def __call__(self, event: twisted.logger.LogEvent) -> None:
        """Take what a port logs: a connection was closed where it has the address of one."""
        self.add(event["log_time"], "address" in event)

    def add(self, now: float, closed: int) -> None:
        """Count connections that were closed, and tell of it if the last line is a minute ago."""
        self._closed += closed
        # Whichever way the clock was set.
        if abs(now - self._told_at) < INTERVAL:
            return
        self._told_at = now
        self.log.tell(NO_DESCRIPTORS, count=self._closed)
