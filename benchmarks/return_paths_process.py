"""The process of the row ``paths``: a store alone on its reactor.

Old return paths are in its folder; the newest are kept as a gate keeps them, by batches, each
waited for. Then return paths are looked up, as for a receipt: in memory first, on disk if it is
not there. Half of what is looked for is known, and of that any is as likely as any other: worse
than life, where receipts mostly come while their messages are still in memory. Meanwhile new
return paths are kept, a thousand a second.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import cast

from attrs import asdict, frozen
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater, react

from benchmarks.machine import CoreUsage
from benchmarks.measurement import percentiles
from benchmarks.return_paths import LIMITS, PathLookups
from benchmarks.return_paths_fill import batches, key, value
from smppgate.store import DiskStore, Durability, IStore, StoreStatistics

_BATCH = 1000
_PAUSE_SECONDS = 0.01
_TICK_SECONDS = 0.001
_KEPT_IN_TICK = 10
_SEED = 3


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


@frozen
class Lookups:
    """Nanoseconds of each, how many answers were wrong, and what others used of the core."""

    latencies: list[int]
    wrong: int
    others: float


async def measured(
    reactor: IReactorTime, directory: Path, archived: int, kept: int, lookups: int
) -> PathLookups:
    """Keep so many return paths beside those ``archived`` in ``directory``, look up, and tell."""
    store = DiskStore(reactor, directory, LIMITS, Durability.PROCESS)
    await store.open()
    paths = archived + kept
    pauses = Pauses(reactor)
    began = time.perf_counter()
    await _keep(reactor, store, range(archived, paths))
    keeping, keep_pause = time.perf_counter() - began, pauses.longest_ms()
    looked_up = await _look_up_meanwhile(reactor, store, paths, lookups)
    told = store.statistics()
    found = PathLookups(
        paths=min(told.paths_on_disk, paths),
        kept_per_second=kept / keeping,
        lookups=lookups,
        latency_us=percentiles(looked_up.latencies),
        pause_ms={"keeping": keep_pause, "lookups": pauses.longest_ms()},
        others=looked_up.others,
        rss_mb=_rss_mb(),
        disk_mb=told.octets / 1e6,
        faults=_faults(told, looked_up.wrong),
    )
    pauses.stop()
    await store.close()
    return found


def _faults(told: StoreStatistics, wrong: int) -> dict[str, int]:
    counts = {
        "lookups with a wrong answer": wrong,
        "failures of the store": told.failures,
        "return paths lost": told.lost,
        "return paths forgotten": told.forgotten,
    }
    return {what: times for what, times in counts.items() if times}


async def _keep(reactor: IReactorTime, store: IStore, numbers: Iterable[int]) -> None:
    for batch in batches(numbers, _BATCH):
        await store.keep(batch)
        # A turn of the reactor, as a gate has between two batches.
        await deferLater(reactor, 0)


def _add(store: IStore, numbers: Iterator[int]) -> None:
    store.keep({key(n): value(n) for n in islice(numbers, _KEPT_IN_TICK)})


async def _look_up_meanwhile(
    reactor: IReactorTime, store: IStore, paths: int, lookups: int
) -> Lookups:
    adding = LoopingCall(_add, store, count(paths))
    adding.clock = reactor
    adding.start(_PAUSE_SECONDS, now=False)
    usage = CoreUsage(min(os.sched_getaffinity(0)), time.process_time)
    latencies, wrong = await _look_up(store, paths, lookups)
    adding.stop()
    return Lookups(latencies, wrong, usage.others())


async def _look_up(store: IStore, paths: int, lookups: int) -> tuple[list[int], int]:
    """Nanoseconds that each of the lookups took, and how many gave a wrong answer."""
    rng = random.Random(_SEED)
    latencies = []
    wrong = 0
    for number in (rng.randrange(1, paths) for _ in range(lookups)):
        is_known = rng.random() < 0.5
        wanted = key(number if is_known else -number)
        began = time.perf_counter_ns()
        found = store.recent(wanted)
        if found is None:
            found = (await store.find([wanted])).paths.get(wanted)
        latencies.append(time.perf_counter_ns() - began)
        wrong += found != (value(number) if is_known else None)
    return latencies, wrong


def _rss_mb() -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def _main(reactor: object, directory: str, file: str, *counts: str) -> Deferred[None]:
    archived, kept, lookups = map(int, counts)

    async def run() -> None:
        clock = cast(IReactorTime, reactor)
        found = await measured(clock, Path(directory), archived, kept, lookups)
        Path(file).write_text(json.dumps(asdict(found)))

    return ensureDeferred(run())


if __name__ == "__main__":
    react(_main, sys.argv[1:])
