"""`PoolChoice`: which pool a message is for: that of its account, or the one that routes say.

A pool stands in for another while no member of that is able; so what waits may be for another pool
than when it came.
"""

from __future__ import annotations

from collections.abc import Iterator

from smppgate.gate.relay.events import Events
from smppgate.gate.submit.assigner import pass_over_unknowing
from smppgate.gate.submit.waiting_room import WaitingRoom
from smppgate.routing.exchange import Exchange
from smppgate.routing.routes.message import Message
from smppgate.routing.routes.rules import Target
from smppgate.routing.routes.table import Routes
from smppgate.routing.sessions import Requester
from smppgate.routing.smscs.pool import Pool
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock


class PoolChoice:
    """Chooses the pools of messages, of those that come and of those that wait.

    :ivar routes: say where messages go; None where that is the pool of their account.
    :ivar is_reconsidering: whether, at the end of this turn, what waits gets another pool.
    """

    def __init__(
        self, clock: Clock, batch: Batch, waiting_room: WaitingRoom, events: Events
    ) -> None:
        self.routes: Routes | None = None
        self.is_reconsidering = False
        self._clock = clock
        self._batch = batch
        self._waiting_room = waiting_room
        self._events = events

    def change(self, routes: Routes | None) -> None:
        """Let ``routes`` say where messages go from now on."""
        for pool in self._watched():
            pool.watcher = None
        self.routes = routes
        for pool in self._watched():
            pool.watcher = self._reconsider

    def pools_of(self, requester: Requester) -> tuple[Pool, ...]:
        """The pools that its messages may have gone to."""
        if self.routes is not None and requester.is_routed:
            return self.routes.pools_of(requester.system_id)
        return (requester.pool,) if requester.pool is not None else ()

    # What comes

    def target(self, exchange: Exchange, routes: Routes) -> Target:
        """Where a message is to go that has just come; it is counted."""
        if self.is_reconsidering:
            # What waits for another pool has come before it.
            self._waiting_room.reconsider()
        target = self._find(exchange, routes)
        routes.count(target)
        return target

    def _find(self, exchange: Exchange, routes: Routes) -> Target:
        """Where routes lead it."""
        account, octets = exchange.origin.system_id, exchange.octets
        wall = self._clock.wall() if routes.need_time else 0.0
        message = Message(account, exchange.command_id, octets, wall)
        exchange.target = target = routes.choose(message)
        if self._events.tell_routed is not None:
            self._events.tell_routed(exchange)
        return target

    # What has come before

    def in_use(self, exchange: Exchange, pool: Pool) -> Pool:
        """The pool that stands in for that of a message, if there is one."""
        target = exchange.target
        if target is not None and target.has_fallback:
            pool = target.pool(exchange.command_id)
            self._enter(exchange, pool)
        return pool

    def route(self, exchange: Exchange, requester: Requester, is_anew: bool) -> int:
        """Let what waits be for the pool that it belongs to now: see `Sender.route`."""
        pool = requester.own_pool or requester.policy.pool
        if exchange.pool is None or pool is None:
            # It is about a message, and for the SMSC that has it.
            return 0
        if is_anew and not self._is_fixed(exchange.target):
            exchange.target = None
            if self.routes is not None and requester.is_routed:
                self._find(exchange, self.routes)
        target = exchange.target
        if target is not None and target.status:
            self._events.rejected += 1
            return target.status
        self._enter(exchange, target.pool(exchange.command_id) if target is not None else pool)
        return 0

    def _is_fixed(self, target: Target | None) -> bool:
        """Whether a message stays where it is to go: unless that pool is removed."""
        return target is not None and target.is_fixed and not target.pools[0].is_removed

    def _enter(self, exchange: Exchange, pool: Pool) -> None:
        """Let it be for ``pool`` from now on."""
        if pool is not exchange.pool:
            exchange.pool = pool
            pass_over_unknowing(exchange, pool)
        account = exchange.origin.system_id
        key = pool.key(exchange.command_id, exchange.octets, account) if pool.has_keys else None
        exchange.key = key

    # Pools that stand in for others

    def _watched(self) -> Iterator[Pool]:
        """The pools that others stand in for, and those others."""
        targets = self.routes.fallbacks if self.routes is not None else ()
        return (pool for target in targets for pool in target.pools)

    def _reconsider(self) -> None:
        """At the end of this turn, let what waits be for the pools that are in use then."""
        if len(self._waiting_room) and not self.is_reconsidering:
            self.is_reconsidering = True
            self._batch.at_end(self._reconsidered)

    def _reconsidered(self) -> None:
        self.is_reconsidering = False
        self._waiting_room.reconsider()
