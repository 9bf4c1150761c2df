"""`HealthWatch`: brings what happens to members to their pools' health, and what follows of it.

One timer, each second, for all pools: errors grow old, members come back and get their weight
back, and those that stand still are noticed. Nothing is done for a message that is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.relay.events import Events
from smppgate.notices.smscs import MEMBER_EJECTED, MEMBER_RETURNED
from smppgate.routing.smscs.health.ejection import Change
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

STEP = 1.0
"""Seconds between two looks."""

OVERSLEPT = 1.0
"""Seconds that a look may come late; behind that the process was stopped, and had no answers."""

MOST_STEPS = 60
"""Seconds after which all that was counted is too old to count."""


class HealthWatch:
    """Watches the members of all pools.

    :param smscs: those whose errors grow old; the router's own list.
    """

    log = Logger()

    def __init__(
        self, clock: Clock, smscs: Iterable[Smsc], pools: Iterable[Pool], events: Events
    ) -> None:
        self._clock = clock
        self._smscs = smscs
        self._pools = tuple(pools)
        self._events = events
        self._timer: IDelayedCall | None = None
        self._looked_at = clock.monotonic()

    def watch(self, pools: Iterable[Pool]) -> None:
        """Watch these pools from now on; their members may have changed."""
        self._pools = tuple(pools)
        for pool in self._pools:
            self._apply(pool, pool.health.needed(self._clock.monotonic()))

    def start(self) -> None:
        """Look from now on."""
        self._looked_at = self._clock.monotonic()
        self._timer = self._clock.callLater(STEP, self._tick)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # What happens

    def erred(self, pool: Pool, smsc: Smsc, status: int, now: float) -> None:
        """``smsc`` gave a message of ``pool`` this status, or `NO_ANSWER`."""
        smsc.erred()
        member = pool.seat_of(smsc)
        if member is not None:
            self._apply(pool, pool.health.erred(member, status, now))

    def lost_link(self, smsc: Smsc) -> None:
        """``smsc`` has lost a link with requests on it."""
        smsc.erred()
        now = self._clock.monotonic()
        for pool in self._pools:
            member = pool.seat_of(smsc)
            if member is not None:
                self._apply(pool, pool.health.lost_link(member, now))

    def changed(self, smsc: Smsc) -> None:
        """The links of ``smsc`` have changed: it may be back, and ejected members be needed."""
        now = self._clock.monotonic()
        for pool in self._pools:
            member = pool.seat_of(smsc)
            if member is not None:
                self._apply(pool, pool.health.changed(member, now))

    def end(self, smsc: Smsc, reason: str) -> int:
        """Let ``smsc`` come back in all pools; gives in how many it was ejected."""
        now, count = self._clock.monotonic(), 0
        for pool in self._pools:
            member = pool.seat_of(smsc)
            changes = pool.health.end(member, reason, now) if member is not None else []
            self._apply(pool, changes)
            count += len(changes)
        return count

    # Looking

    def _tick(self) -> None:
        now = self._clock.monotonic()
        late = now - self._looked_at - STEP
        steps = min(MOST_STEPS, 1 + int(late / STEP)) if late > 0 else 1
        self._looked_at = now
        self._timer = self._clock.callLater(STEP, self._tick)
        for smsc in self._smscs:
            smsc.errors_age(steps)
        for pool in self._pools:
            if late > OVERSLEPT:
                pool.health.overslept(now)
            for _ in range(steps):
                self._apply(pool, pool.health.step(now))

    def _apply(self, pool: Pool, changes: Iterable[Change]) -> None:
        for change in changes:
            # Members of a pool's health are the pool's members.
            member = cast(Member, change.member)
            self._tell(pool, member, change)
            member.changed()

    def _tell(self, pool: Pool, member: Member, change: Change) -> None:
        names = {"pool": pool.name, "smsc": member.smsc.name, "reason": change.reason}
        if change.is_ejected:
            self._events.ejected += 1
            self.log.tell(MEMBER_EJECTED, seconds=change.seconds, **names)
        else:
            self.log.tell(MEMBER_RETURNED, **names)
        if self._events.tell_ejected is not None:
            reason, seconds = change.reason, change.seconds
            self._events.tell_ejected(pool.name, member.smsc.name, reason, seconds)
