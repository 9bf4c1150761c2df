"""`Succession`: whether Sentinels have put another server in the place of the master by now.

A master that has been replaced may live on: `SENTINEL FAILOVER` asks for that, and Sentinels make
it a replica ten seconds later. A node that has nothing to write would go on with what it finds
there. So the source is asked while all is well, too.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from smppgate.store.redis.access import Address
from smppgate.store.redis.sentinel import Source

EVERY = 1.0
"""Seconds between two questions while all is well: each is a connection to a Sentinel."""


class Succession:
    """Asks ``source``.

    :param named: hears where the master is.
    """

    def __init__(
        self, source: Source, clock: IReactorTime, named: Callable[[Address], None]
    ) -> None:
        self._source = source
        self._clock = clock
        self._named = named
        self._due = 0.0
        self._asking: Deferred[Address] | None = None

    def look(self, is_urgent: bool) -> None:
        """Ask, if that is not under way, and it is urgent or time for it."""
        now = self._clock.seconds()
        if self._asking is None and (is_urgent or now >= self._due):
            self._due = now + EVERY
            self._asking = Deferred.fromCoroutine(self._source.find())
            self._asking.addCallbacks(self._answered, self._missed)

    def stop(self) -> None:
        """An answer that is under way counts no more."""
        if self._asking is not None:
            self._asking.cancel()

    def _answered(self, address: Address) -> None:
        self._asking = None
        self._named(address)

    def _missed(self, _failure: Failure) -> None:
        # It is asked again.
        self._asking = None
