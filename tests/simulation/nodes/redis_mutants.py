"""Deliberate faults of a store in Redis: a seed of `RedisWorld` must find each of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred, succeed

from smppgate.store import Enqueued
from smppgate.store.redis.deposits import Deposits
from smppgate.store.redis.leases import Leases
from smppgate.store.redis.paths import RedisPaths
from smppgate.store.redis.places import RedisPlaces
from smppgate.store.redis.presence import _Looking
from smppgate.store.redis.quota import RedisQuota
from smppgate.store.redis.removals import Removals
from smppgate.store.redis.replay import Replay
from smppgate.store.redis.server_paths import ServerPaths
from tests.simulation.mutant import Mutant
from tests.simulation.mutant import mutant as mutant_of_one_gate
from tests.simulation.nodes.mutants import MUTANTS as OF_NODES
from tests.store.redis.model import ModelServer

MUTANTS: dict[str, Mutant] = {
    name: OF_NODES[name] for name in ("message-sent-back", "stale-registry")
}

mutant = partial(mutant_of_one_gate, table=MUTANTS)


@mutant(Leases, "_answered", "A node that asks for the lease of a queue has it.")
def lease_not_checked(answered: Any) -> Any:
    def granted(self: Any, answer: Any, *arguments: Any) -> None:
        width = len(answer) // len(arguments[0])
        had = [it if at % width else max(it, 1) for at, it in enumerate(answer)]
        answered(self, had, *arguments)

    return granted


@mutant(Leases, "_end", "A lease that could not be renewed in time is used on.")
def lease_used_on(_end: Any) -> Any:
    def kept(self: Any) -> None:
        self._alarm = None

    return kept


@mutant(ModelServer, "_ask", "Nothing waits for replicas.")
def wait_left_out(ask: Any) -> Any:
    return lambda self, do, waits, waited=0.0: ask(self, do, False, waited)


@mutant(ServerPaths, "_put", "What Redis has not confirmed is not set aside.")
def unconfirmed_thrown_away(_put: Any) -> Any:
    return lambda self, batch: succeed(None)


@mutant(Replay, "wake", "What was set aside is never passed on.")
def never_passed_on(_wake: Any) -> Any:
    return lambda self: None


@mutant(RedisPaths, "find", "A server that was not asked counts as one that has nothing.")
def incomplete_is_complete(find: Any) -> Any:
    def complete(self: Any, keys: Any) -> Deferred[Any]:
        found: Deferred[Any] = find(self, keys)
        return found.addCallback(lambda it: evolve(it, is_complete=True))

    return complete


@mutant(Deposits, "enqueue", "A message counts as stored when it is sent to Redis.")
def stored_too_soon(enqueue: Any) -> Any:
    def stored(self: Any, messages: Any) -> Deferred[Any]:
        enqueue(self, messages)
        return succeed([Enqueued.STORED] * len(messages))

    return stored


@mutant(Removals, "remove", "A message that was taken stays in its queue.")
def never_removed(_remove: Any) -> Any:
    return lambda self, account, numbers: succeed(None)


@mutant(RedisPlaces, "admit", "Places are counted by each node for itself.")
def places_counted_here_alone(_admit: Any) -> Any:
    def counted(self: Any, account: bytes, limit: int) -> Deferred[bool]:
        held = self._held.get(account, 0)
        if held >= limit:
            return succeed(False)
        self._held[account] = held + 1
        return succeed(True)

    return counted


@mutant(RedisQuota, "_leased", "Each node has all of a limit.")
def whole_limit_for_each(leased: Any) -> Any:
    return lambda self, parts: leased(self, dict.fromkeys(parts, 1_000_000))


@mutant(_Looking, "_told_of", "What one look of several does not tell of counts as empty.")
def part_is_the_whole(told_of: Any) -> Any:
    def ended(self: Any, accounts: Any) -> Any:
        told_of(self, accounts)
        return self._round

    return ended
