"""The process of the row ``routes``: a store alone on its reactor.

It is filled as a gate fills it, by batches of routes, each waited for. Then routes are looked
up, as for a receipt: in memory first, on disk if it is not there. Half of what is looked for is
known, and of that any is as likely as any other: worse than life, where receipts mostly come
while their messages are still in memory. Meanwhile new routes are kept, a thousand a second.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import cast

from attrs import asdict
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater, react

from benchmarks.measurement import percentiles
from benchmarks.routes import RouteLookups
from smppgate.store import Durability, IStore, Limits, SqliteStore

_BATCH = 1000
_LIMITS = Limits()
# What comes in beyond what can be moved to disk meanwhile would push routes out of memory.
_FULL_SHARE = 0.9
_PAUSE_SECONDS = 0.01
_TICK_SECONDS = 0.001
_KEPT_IN_TICK = 10
_SEED = 3

# Odd, so that different routes have different ids; no index is filled in its order by them.
_SCATTER = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def key(number: int) -> bytes:
    """The key of one route: a group and an id of 16 octets that look random."""
    return b"smsc%d\0%016x" % (number % 2, number * _SCATTER & _MASK)


def value(number: int) -> bytes:
    """What a route says: account, tag, session, kind."""
    return b"esme%d\0k3f9\0a81be2d7.%x\0t" % (number % 7, number % 16 + 1)


class Pauses:
    """The longest time that a reactor did not come round, beyond a tick."""

    def __init__(self, reactor: IReactorTime) -> None:
        self._last = time.perf_counter()
        self._longest = 0.0
        self._call = LoopingCall(self._look)
        self._call.clock = reactor
        self._call.start(_TICK_SECONDS)

    def longest_ms(self) -> float:
        """Milliseconds since it was last asked for."""
        longest, self._longest = self._longest, 0.0
        return max(0.0, longest - _TICK_SECONDS) * 1e3

    def stop(self) -> None:
        """Look no more."""
        self._call.stop()

    def _look(self) -> None:
        now = time.perf_counter()
        self._longest = max(self._longest, now - self._last)
        self._last = now


async def measured(
    reactor: IReactorTime, directory: Path, routes: int, lookups: int
) -> RouteLookups:
    """Fill the store in ``directory``, look up, and tell."""
    store = SqliteStore(reactor, str(directory), _LIMITS, Durability.PROCESS)
    await store.open()
    pauses = Pauses(reactor)
    began = time.perf_counter()
    await _fill(reactor, store, routes)
    fill_seconds, fill_pause = time.perf_counter() - began, pauses.longest_ms()
    numbers = iter(range(routes, routes + (1 << 40)))
    adding = LoopingCall(_add, store, numbers)
    adding.clock = reactor
    adding.start(_PAUSE_SECONDS, now=False)
    latencies, faults = await _look_up(store, routes, lookups)
    lookup_pause = pauses.longest_ms()
    adding.stop()
    pauses.stop()
    told = store.statistics()
    held = told.routes_recent + told.routes_archived
    faults |= {"routes that the store failed on": told.failures, "routes lost": told.lost}
    found = RouteLookups(
        routes=min(held, routes),
        fill_seconds=fill_seconds,
        lookups=lookups,
        latency_us=percentiles(latencies),
        pause_ms={"fill": fill_pause, "lookups": lookup_pause},
        rss_mb=_rss_mb(),
        disk_mb=told.octets / 1e6,
        faults={what: count for what, count in faults.items() if count},
    )
    await store.close()
    return found


async def _fill(reactor: IReactorTime, store: IStore, routes: int) -> None:
    numbers = iter(range(routes))
    while batch := {key(n): value(n) for n in islice(numbers, _BATCH)}:
        await store.keep_routes(batch)
        while store.statistics().routes_recent > _FULL_SHARE * _LIMITS.recent:
            await deferLater(reactor, _PAUSE_SECONDS)


def _add(store: IStore, numbers: Iterator[int]) -> None:
    store.keep_routes({key(n): value(n) for n in islice(numbers, _KEPT_IN_TICK)})


async def _look_up(store: IStore, routes: int, lookups: int) -> tuple[list[int], dict[str, int]]:
    rng = random.Random(_SEED)
    latencies = []
    wrong = 0
    # The oldest may have gone for those that came.
    for number in (rng.randrange(routes // 20, routes) for _ in range(lookups)):
        is_known = rng.random() < 0.5
        wanted = key(number if is_known else -number)
        began = time.perf_counter_ns()
        found = store.recent_route(wanted)
        if found is None:
            found = (await store.find_routes([wanted])).get(wanted)
        latencies.append(time.perf_counter_ns() - began)
        wrong += found != (value(number) if is_known else None)
    return latencies, {"lookups with a wrong answer": wrong}


def _rss_mb() -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def _main(reactor: object, directory: str, routes: str, lookups: str, file: str) -> Deferred[None]:
    async def run() -> None:
        clock = cast(IReactorTime, reactor)
        found = await measured(clock, Path(directory), int(routes), int(lookups))
        Path(file).write_text(json.dumps(asdict(found)))

    return ensureDeferred(run())


if __name__ == "__main__":
    react(_main, sys.argv[1:])
