"""`RedisStore`: what the nodes of a gate keep together, in Redis.

It is put together of parts, each of which has a module: return paths (`RedisPaths`), queues,
places of sessions and slots of links, parts of limits, and numbers. Each of them does what it can
where a server is not reached: see there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.notices.redis import PATHS_UNCONFIRMED
from smppgate.store.faults import Faults
from smppgate.store.interface import IStore
from smppgate.store.opening import FolderOpening
from smppgate.store.records import Durability, Limits, StoreError, StoreStatistics
from smppgate.store.redis.faults import RedisFaults
from smppgate.store.redis.names import Names
from smppgate.store.redis.numbers import RedisNumbers
from smppgate.store.redis.paths import RedisPaths, Settings
from smppgate.store.redis.places import RedisPlaces
from smppgate.store.redis.ports import Refused, Server
from smppgate.store.redis.presence import Look, Presence
from smppgate.store.redis.queues import RedisQueues
from smppgate.store.redis.quota import RedisQuota
from smppgate.store.redis.slots import Slots
from smppgate.store.waiters import Waiters, all_of
from smppgate.store.worker import Workers, store_workers
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.seldom import Seldom

TOLD_EVERY = 60.0
"""Seconds between two lines about answers that Redis had not confirmed."""


class OpenServer(Server, Protocol):
    """A server that is looked for while the store is open."""

    name: str

    def open(self) -> Deferred[None]:
        """Look for it from now on.

        Fires when it answers, or after a while if it does not; fails with `StoreError` where an
        operator has to act.
        """

    def close(self) -> Deferred[None]:
        """Let it go. Never fails."""


@implementer(IStore)
class RedisStore(FolderOpening):
    """One node's way to what all have.

    :param reactor: with threads, unless there are ``workers``.
    :param directory: the folder of what Redis has not confirmed, created if it is missing.
    :param servers: in the same order on all nodes.
    :param prefix: what all keys begin with, on all nodes.
    :param node: names this process, and no other one, also not the one before it on this node.
    :param limits: what memory, and the folder, hold.
    :param durability: what return paths in the folder survive once `keep` has fired.
    :param faults: what fails, also of the servers.
    :param workers: used instead of threads; for tests.
    :param settings: used instead of segments on the disk; for tests.
    :param answered: seconds after which all answers have left that wait for `keep`, on any node.
    """

    is_shared = True
    is_quota_shared = True

    def __init__(
        self,
        reactor: IReactorTime,
        directory: str | Path,
        servers: Sequence[OpenServer],
        prefix: str,
        node: bytes,
        limits: Limits,
        durability: Durability = Durability.PROCESS,
        faults: Faults | None = None,
        workers: Workers | None = None,
        settings: Settings | None = None,
        answered: float = 0.0,
    ) -> None:
        clock = Clock.of(reactor)
        workers = workers or store_workers(IReactorFromThreads(reactor))
        super().__init__(clock, Path(directory).absolute(), workers)
        self._clock = clock
        self._servers = tuple(servers)
        self._faults = faults if faults is not None else RedisFaults(str(directory))
        slots, names = Slots(self._servers), Names(prefix.encode())
        self._presence = Presence(clock, slots, names, node)
        self._looks: dict[Server, str] = {
            server: f"looking at {server.name}" for server in self._servers
        }
        """What fails where a server refuses the looks of this node."""
        self._presence.follow_looks(self._looked)
        self._presence.follow_missed(self._not_looked)
        self._queues = RedisQueues(clock, slots, names, self._presence)
        self._places = RedisPlaces(slots, names, node, self._presence)
        self._quota = RedisQuota(clock, slots, names, node)
        self._paths = RedisPaths(
            clock,
            slots,
            names,
            self._directory.path,
            workers,
            self._faults,
            limits,
            durability,
            settings,
            answered,
        )
        self._opened: Waiters | None = Waiters()
        """Sessions that came before the store was open; None from then on."""
        self._told_of = 0
        self._seldom = Seldom(TOLD_EVERY)
        self._numbers = RedisNumbers(slots, names)
        self._hand_on()

    def _hand_on(self) -> None:
        """The methods of the parts themselves, see there and in `IStore`: no call between."""
        self.keep = self._paths.keep
        self.recent = self._paths.recent
        self.find = self._paths.find
        self.find_beside = self._paths.find_beside
        self.end = self._paths.end
        self.enqueue = self._queues.enqueue
        self.queued = self._queues.queued
        self.remove = self._queues.remove
        self.tell_expired = self._queues.tell_expired
        self.queue_sizes = self._queues.queue_sizes
        self.queue_ends = self._queues.queue_ends
        self.claim = self._queues.claim
        self.release = self._queues.release
        self.watch = self._queues.watch
        self.leave = self._places.leave
        self.tell_full = self._places.tell_full
        self.take_slot = self._places.take_slot
        self.give_slot = self._places.give_slot
        self.lease = self._quota.lease
        self.tell_leased = self._quota.tell_leased
        self.share_among = self._quota.share_among
        self.reserve_numbers = self._numbers.reserve_numbers

    @property
    def keeps_at_once(self) -> bool:
        """See `IStore.keeps_at_once`."""
        return self._paths.keeps_at_once

    @property
    def is_all_recent(self) -> bool:
        """See `IStore.is_all_recent`."""
        return self._paths.is_all_recent

    # The life of a store

    def _hurry(self) -> None:
        self._paths.stop_opening()

    async def _begin(self) -> None:
        try:
            await super()._begin()
        finally:
            self._let_in()

    async def _open_parts(self) -> None:
        await _all_opened(self._servers)
        await self._paths.open()
        self._presence.start()
        self._quota.start()

    async def _close_parts(self) -> None:
        self._quota.stop()
        self._queues.stop()
        await self._queues.settle()
        await self._paths.close()
        await self._presence.stop()
        for server in self._servers:
            await server.close()

    def _tick(self) -> None:
        self._paths.tick()
        self._tell_unconfirmed()

    def _looked(self, server: Server, _: Look) -> None:
        self._faults.worked(self._looks[server])

    def _not_looked(self, server: Server, failure: Failure) -> None:
        # Where it does not answer, that is told by itself.
        if failure.check(Refused):
            self._faults.failed(self._looks[server], failure)

    # Places

    def admit(self, account: bytes, limit: int) -> Deferred[bool]:
        """See `IStore.admit`. Before the store is open it waits: servers are not known yet."""
        if self._opened is None:
            return self._places.admit(account, limit)
        return self._opened.wait().addCallback(lambda _: self._places.admit(account, limit))

    def _let_in(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.release()

    # Statistics

    def statistics(self) -> StoreStatistics:
        """See `IStore.statistics`."""
        faults = self._faults
        return evolve(
            self._paths.statistics(),
            queued=self._queues.count,
            doubtful=self._queues.doubtful,
            unremoved=self._queues.unremoved,
            servers=len(self._servers),
            servers_up=sum(server.is_up for server in self._servers),
            failures=faults.failures,
            fault=str(faults),
        )

    def _tell_unconfirmed(self) -> None:
        count = self._paths.statistics().unconfirmed
        if count > self._told_of and self._seldom.is_due(self._clock.monotonic()):
            folder = str(self._directory.path)
            self.log.tell(PATHS_UNCONFIRMED, count=count - self._told_of, folder=folder)
            self._told_of = count


async def _all_opened(servers: Sequence[OpenServer]) -> None:
    """Look for all of them at once.

    :raises StoreError: names the first of which an operator has to act.
    """
    await all_of([server.open().addErrback(_named, server.name) for server in servers])


def _named(failure: Failure, server: str) -> None:
    failure.trap(StoreError)
    raise StoreError(f"{server}: {failure.getErrorMessage()}") from failure.value
