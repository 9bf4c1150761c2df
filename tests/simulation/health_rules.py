"""What must hold of members that are ejected, and of messages that are tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import wire
from tests.simulation.ledger import Request

if TYPE_CHECKING:
    from tests.simulation.model_smsc import SmscSession
    from tests.simulation.world import World

_LOOKED_BACK = 9.0
"""Seconds in which retries are counted for certain: their budget's are full ones."""

_ANSWERED = 11.0
"""Seconds in which all was answered, or not in time, that the budget counts, and more."""

_THROTTLES = (0x58, 0x14)
"""What may have slowed an SMSC that adapts: then it was no attempt."""

SHARE = 0.2
"""Of all messages, the part that may be tried again."""


class HealthRules:
    """Judges each request that an SMSC gets."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._retries: list[float] = []
        self._sent: list[float] = []

    def requested(self, session: SmscSession, request: Request) -> None:
        """``session`` gets ``request``, which knows its attempts before this one."""
        if request.command not in wire.SUBMITS or session.owner is not None:
            return
        self._check_ejected(session, request)
        self._sent.append(session.sent_at)
        if request.attempts and not request.attempts[-1].was_read(_THROTTLES):
            self._check_count(session, request)
            self._check_budget(session)

    def _check_ejected(self, session: SmscSession, request: Request) -> None:
        world, name = self._world, session.smsc.plan.name
        if session.end.incoming.was_full:
            return
        pools = world.terms.pools_for(request, request.at)
        if request.belongs:
            # The rest of what it has begun still goes there.
            return
        if all(world.inspection.was_ejected(pool, name, session.sent_at) for pool in pools):
            session.violated(f"{request} is new, and the SMSC is ejected")

    def _check_count(self, session: SmscSession, request: Request) -> None:
        most = self._world.terms.most_attempts(request, request.at)
        count = sum(1 for each in request.attempts if not each.was_read(_THROTTLES))
        if count >= most:
            session.violated(f"{request} comes for the {count + 1}th time")

    def _check_budget(self, session: SmscSession) -> None:
        """As long as no queue of octets lets them come in another rhythm than they were sent."""
        now = session.sent_at
        self._retries.append(now)
        if session.end.incoming.was_full:
            return
        retries = sum(1 for at in self._retries if now - _LOOKED_BACK < at <= now)
        longest = _ANSWERED + self._world.terms.answered_by()
        sent = sum(1 for at in self._sent if at > now - longest)
        pools = max(len(self._world.plan.pools), 1)
        most = pools * 10 * self._world.plan.health.least_retries + SHARE * sent
        if retries > most + 1:
            session.violated(f"{retries} retries in {_LOOKED_BACK:g} s, {sent} messages")
