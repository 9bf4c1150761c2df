"""`WorkersMetrics`: the metrics of all workers, asked for and joined a little at a time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock

from smppgate.admin.shielded import shielded
from smppgate.admin.slices import in_slices
from smppgate.observe.family import Distribution
from smppgate.observe.joined import (
    MASTER,
    Departed,
    Joined,
    Text,
    told_by,
    told_of_connections,
    told_of_store,
)
from smppgate.observe.lag import ReactorLag
from smppgate.settings import Settings
from smppgate.store import StoreStatistics
from smppgate.txsmpp.clock import Clock
from smppgate.workers.face import METRICS
from smppgate.workers.joining.asking import all_of
from smppgate.workers.joining.ports import Worker, Workers
from smppgate.workers.joining.roster import Roster
from smppgate.workers.refusals import Refusals

PATIENCE = 2.0
"""Seconds in which a worker tells its metrics: Prometheus waits 10 s, for the whole answer."""

LAG = "smppgate_reactor_lag_seconds"


class WorkersMetrics:
    """The metrics.

    What each worker has told last is kept: it counts where a worker does not answer, and when it
    is no more. What it has counted since then is lost with it.

    :param roster: says how each of them is.
    :param lag: of the master itself.
    :param store: what the master keeps for all workers.
    :param refusals: connections that the master has cut over a limit.
    """

    def __init__(
        self,
        workers: Workers,
        roster: Roster,
        clock: Clock,
        lag: ReactorLag,
        store: Callable[[], StoreStatistics],
        refusals: Refusals,
    ) -> None:
        self._workers = workers
        self._roster = roster
        self._clock = clock
        self._lag = lag
        self._store = store
        self._refusals = refusals
        self._text = Text()
        # One at a time: each adds to what is kept of the departed.
        self._lock = DeferredLock()
        self._last: dict[Worker, bytes] = {}
        self._departed = Departed()
        self._to_add: list[bytes] = []
        self._known: dict[str, set[str]] = {}
        workers.follow(lambda _: None, self._gone)

    async def exposition(self) -> bytes:
        """All of them as text."""
        await self._lock.acquire()
        # Even if the client is gone by then: half of what a worker had counted would be lost.
        return await shielded(self._released(self._exposition()))

    async def _released(self, work: Coroutine[Any, Any, bytes]) -> bytes:
        try:
            return await work
        finally:
            self._lock.release()

    async def _exposition(self) -> bytes:
        # Both are asked at the same time, and waited for no longer than for one.
        asking = Deferred.fromCoroutine(self._roster.states())
        await self._ask()
        await self._add_departed()
        # One that ends from here on is among these still.
        last, joined = list(self._last.items()), Joined()
        await in_slices(self._join(joined, last), self._clock)
        text = self._text.pieces(joined, await asking)
        return "".join(await in_slices(text, self._clock)).encode()

    def change(self, settings: Settings) -> None:
        """Forget what was counted of accounts and SMSCs that are no more."""
        self._known = {
            "account": {each.system_id for each in settings.esme},
            "smsc": {each.name for each in settings.smsc},
        }
        self._departed.keep(self._is_known)

    def _is_known(self, label: str, value: str) -> bool:
        return label not in self._known or value in self._known[label]

    async def _add_departed(self) -> None:
        if not self._to_add:
            return
        while self._to_add:
            await in_slices(self._added(self._to_add.pop()), self._clock)
        # What they had counted may be of accounts that went before it was added.
        self._departed.keep(self._is_known)

    async def _ask(self) -> None:
        asked = [
            (each, each.ask("GET", METRICS).addTimeout(PATIENCE, self._clock))
            for each in self._workers.up()
        ]
        for (worker, _), (is_answered, found) in zip(asked, await all_of(asked), strict=True):
            # One that has ended meanwhile is among the departed.
            if is_answered and found.status == 200 and worker in self._workers.up():
                self._last[worker] = found.body

    def _added(self, octets: bytes) -> Iterator[None]:
        for told in told_by(octets):
            self._departed.add(told)
            yield

    def _join(self, joined: Joined, last: Iterable[tuple[Worker, bytes]]) -> Iterator[None]:
        for told in self._departed.told():
            joined.add("", told)
            yield
        for worker, octets in last:
            for told in told_by(octets):
                joined.add(str(worker.number), told)
                yield
        own = Distribution(tuple(self._lag.counts), self._lag.sum)
        joined.add(MASTER, (LAG, [((), own)]))
        joined.add(MASTER, told_of_connections(self._refusals.total))
        for told in told_of_store(self._store()):
            joined.add(MASTER, told)

    def _gone(self, worker: Worker) -> None:
        octets = self._last.pop(worker, b"")
        if octets:
            self._to_add.append(octets)
