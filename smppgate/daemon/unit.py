"""`Unit`: the gate as a unit of systemd: what state it is in, and that it is alive."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.task import LoopingCall

from smppgate.daemon.systemd import Notifier
from smppgate.txsmpp.clock import Clock

STATUS_INTERVAL = 1.0
"""Seconds between two looks whether the status has changed."""


class Unit:
    """Tells systemd of the gate; all is quiet where there is none.

    :param status: gives the line for ``systemctl status``.
    :param watchdog: seconds between two signs of life; 0 gives none.
    """

    def __init__(
        self, notifier: Notifier, clock: Clock, status: Callable[[], str], watchdog: float
    ) -> None:
        self._notifier = notifier
        self._status = status
        self._watchdog = watchdog
        self._told = ""
        self._calls = (LoopingCall(self._tell_status), LoopingCall(notifier.alive))
        for call in self._calls:
            call.clock = clock

    def started(self) -> None:
        """The gate serves its peers from now on."""
        self._notifier.ready()
        if self._notifier.is_heard:
            self._calls[0].start(STATUS_INTERVAL)

    def start(self) -> None:
        """Begin to give signs of life."""
        if self._notifier.is_heard and self._watchdog:
            self._calls[1].start(self._watchdog)

    def stopping(self) -> None:
        """The gate begins to stop."""
        self._notifier.stopping()

    def stop(self) -> None:
        """Tell nothing any more."""
        for call in self._calls:
            if call.running:
                call.stop()

    def _tell_status(self) -> None:
        status = self._status()
        if status != self._told:
            self._told = status
            self._notifier.status(status)
