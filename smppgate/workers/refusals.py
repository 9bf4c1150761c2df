"""`Refusals`: connections that the master cuts over a limit, counted and told as one gate does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall

from smppgate.gate.reports.reports import REFUSAL_INTERVAL, TICK
from smppgate.gate.reports.summary import Summaries
from smppgate.gate.sessions.addresses import shown_host
from smppgate.gate.sessions.listener import tell_refusal
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

Told = Callable[[str, str], None]
"""Hears of a connection that was cut: its peer's address without the port, and why."""


class Refusals(Service):
    """Those of all listeners. It runs while the master listens."""

    log = Logger()

    def __init__(self, clock: Clock) -> None:
        self.total = 0
        self._counts: Counter[str] = Counter()
        self._told: list[Told] = []
        self._summaries = Summaries(clock, self.log, "refused", REFUSAL_INTERVAL)
        self._ticks = LoopingCall(self._summaries.tick)
        self._ticks.clock = clock

    def startService(self) -> None:
        """Tell from time to time what came beyond the first line."""
        super().startService()
        self._ticks.start(TICK, now=False)

    def stopService(self) -> None:
        """Tell what is left."""
        super().stopService()
        if self._ticks.running:
            self._ticks.stop()
        self._summaries.tell_counts()

    def follow(self, told: Told) -> None:
        """Call ``told``, which must not raise, of each from now on."""
        self._told.append(told)

    def add(self, listener: str, address: Any, reason: str) -> None:
        """A connection to ``listener``, by its endpoint string, is cut."""
        self.total += 1
        self._counts[listener] += 1
        tell_refusal(self._summaries, address, reason)
        for told in self._told:
            told(shown_host(address), reason)

    def of(self, listener: str) -> int:
        """How many there were since the start."""
        return self._counts[listener]
