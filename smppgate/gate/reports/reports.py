"""`Reports`: all that a gate tells in summary."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.reports.pool_watch import PoolWatch, Told
from smppgate.gate.reports.summary import Summaries
from smppgate.gate.reports.undelivered import Undelivered
from smppgate.routing.smscs.pool import Pool
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

TICK = 1.0
"""Seconds between two looks for intervals that are over."""

REFUSAL_INTERVAL = 1.0
"""Seconds between two lines of one code about refused binds and connections, however many there
are."""

UNBOUND_INTERVAL = 60.0
"""Seconds between two lines about connections without a bind: balancers and monitors make some
all the time."""

HOOK_INTERVAL = 10.0
"""Seconds between two lines about hooks that fail."""

RESTING_INTERVAL = 10.0
"""Seconds between two lines about sessions that are not read for a while."""


class Reports:
    """The summaries of one gate.

    :param pools: those to watch.
    :param no_member_status: the command_status of messages while a pool is without an SMSC.
    :param pool_changed: is told of pools, see `PoolWatch`.
    :ivar refusals: binds and connections that are refused.
    :ivar unbound: connections that end without a bind.
    :ivar resting: sessions that are not read for a while.
    :ivar hooks: hooks that fail.
    :ivar undelivered: messages that are not delivered.
    :ivar pools: pools without an SMSC.
    """

    log = Logger()

    def __init__(
        self, clock: Clock, pools: Iterable[Pool], no_member_status: int, pool_changed: Told
    ) -> None:
        self.refusals = Summaries(clock, self.log, "refused", REFUSAL_INTERVAL)
        self.unbound = Summaries(clock, self.log, "without a bind", UNBOUND_INTERVAL)
        self.resting = Summaries(clock, self.log, "not read for a while", RESTING_INTERVAL)
        self.hooks = Summaries(clock, self.log, "failures of hooks", HOOK_INTERVAL)
        self.undelivered = Undelivered(clock, self.log)
        self.pools = PoolWatch(pools, no_member_status, pool_changed)
        self._clock = clock
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Tell in summary from now on, with one timer for all."""
        self._timer = self._clock.callLater(TICK, self._tick)

    def stop(self) -> None:
        """Tell what was counted, and stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.refusals.tell_counts()
        self.unbound.tell_counts()
        self.resting.tell_counts()
        self.hooks.tell_counts()
        self.undelivered.tell_counts()

    def _tick(self) -> None:
        self.refusals.tick()
        self.unbound.tick()
        self.resting.tick()
        self.hooks.tick()
        self.undelivered.tick()
        self.start()
