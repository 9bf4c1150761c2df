"""`LinkSlot`: one of the ``sessions_total`` of an SMSC, over all processes.

The links of one number, which are a pair where each direction has its own, share a slot. It is
taken before one of them connects, and kept while one is bound, or tries to be for `KEPT`; then it
is given back, for another process whose links may come through. A link that is refused asks again
after pauses that grow.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.store import IStore, StoreError
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.clock import Clock

KEPT = 30.0
"""Seconds that a slot is kept of which no link is bound."""

SHORTEST, LONGEST = 1.0, 4.0
"""Seconds of the pause after which a link asks again at the latest: at first, and at last."""

IN_USE = "all sessions_total = {limit} are in use"
UNKNOWN = "it cannot be found out whether it may bind: {reason}"
"""Why there is no slot, as text for an operator."""


class LinkSlot:
    """The slot of the links of one number, each known by the kind of its bind.

    :param limit: slots that there are of the SMSC; 0 for any number, and then none is taken.
    :ivar why: why its links wait, as text for an operator; empty while they do not.
    """

    def __init__(
        self, store: IStore, clock: Clock, smsc: str, limit: int, jitter: Callable[[], float]
    ) -> None:
        self.why = ""
        self._limit = limit
        self._store = store
        self._clock = clock
        self._smsc = smsc
        self._backoff = Backoff(SHORTEST, LONGEST, jitter)
        self._is_held = self._is_over = False
        # Links that wait, try or are bound; and those that are bound.
        self._trying: set[str] = set()
        self._bound: set[str] = set()
        self._ending: IDelayedCall | None = None

    def change(self, limit: int) -> None:
        """There are so many from now on. One that is held stays, unless none is needed."""
        self._limit = limit
        if not limit:
            self.why = ""
            self._give()

    async def taken(self, kind: str, waits: Callable[[str], None]) -> None:
        """Return as soon as that link may connect.

        :param waits: is told why it waits, once.
        """
        self._trying.add(kind)
        while self._limit and not self._is_held:
            await self._asked()
            if self.why:
                waits(self.why)
                waits = _told_already
                await deferLater(self._clock, self._backoff(1))

    def bound(self, kind: str) -> None:
        """That link is bound."""
        self._bound.add(kind)
        self._is_over = False
        self._cancel()

    def ended(self, kind: str) -> None:
        """That link is bound no more, or was not; it may try again."""
        self._trying.discard(kind)
        self._bound.discard(kind)
        if not self._trying:
            self.why = ""
        if self._is_over and not self._trying:
            self._give()
        elif not self._bound:
            self._await_end()

    def leave(self, kind: str) -> None:
        """That link is no more."""
        self.ended(kind)
        if not self._trying:
            self._give()

    def _asked(self) -> Deferred[None]:
        """Fires when the store has answered. What it gives is not lost if that is cancelled."""
        asked: Deferred[None] = Deferred()
        asking = self._store.take_slot(self._smsc, self._limit)
        asking.addCallbacks(self._told, self._not_told).addBoth(asked.callback)
        return asked

    def _told(self, has_slot: bool) -> None:
        if has_slot and (self._is_held or not (self._trying and self._limit)):
            self._store.give_slot(self._smsc)
        elif has_slot:
            self._is_held, self.why = True, ""
            self._backoff = Backoff(SHORTEST, LONGEST, self._backoff.jitter)
            self._await_end()
        else:
            self._waits(IN_USE.format(limit=self._limit))

    def _not_told(self, why: Failure) -> None:
        why.trap(StoreError)
        self._waits(UNKNOWN.format(reason=why.getErrorMessage()))

    def _waits(self, why: str) -> None:
        """There is none for those that try; a link of this number may have got one meanwhile, and
        a reload may have made that none is needed."""
        if self._trying and self._limit and not self._is_held:
            self.why = why

    # Until it is given back

    def _await_end(self) -> None:
        if self._is_held and self._ending is None and not self._is_over:
            self._ending = self._clock.callLater(KEPT, self._over)

    def _over(self) -> None:
        self._ending = None
        self._is_over = True
        if not self._trying:
            self._give()

    def _give(self) -> None:
        self._cancel()
        self._is_over = False
        if self._is_held:
            self._is_held = False
            self._store.give_slot(self._smsc)

    def _cancel(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None


@implementer(IStreamClientEndpoint)
class SlotEndpoint:
    """An endpoint that is connected to when the link has a slot.

    :param waits: is told why it waits, once for each connection.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        slot: LinkSlot,
        kind: str,
        waits: Callable[[str], None],
    ) -> None:
        self._endpoint = endpoint
        self._slot = slot
        self._kind = kind
        self._waits = waits

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Wait for a slot, and connect."""
        return ensureDeferred(self._connected(protocolFactory))

    async def _connected(self, factory: IProtocolFactory) -> IProtocol:
        try:
            await self._slot.taken(self._kind, self._waits)
            connecting: Deferred[IProtocol] = self._endpoint.connect(factory)
            return await connecting
        except Exception:
            # A stop breaks it off so, too.
            self._slot.ended(self._kind)
            raise


def _told_already(_: str) -> None:
    """It goes on waiting."""
