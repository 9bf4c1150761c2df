"""The processes of the row ``lookups``: a store alone on its reactor, as `make_store` makes it,
in a process like the gate's.

``keep`` fills it, at a rate that a gate could have and batch by batch, each waited for; whatever
the store does behind that, as making indexes, happens meanwhile. ``look`` opens it again and looks
return paths up, as for a receipt: in memory first, then wherever the store has them. Of one id
that is known, any as likely as any other; and of as many ids as there are notations, one of which
is known in every second search. A thousand new return paths a second are kept meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from itertools import count, islice
from pathlib import Path
from random import Random, SystemRandom
from typing import Any, cast

from attrs import asdict, evolve
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater, react

from benchmarks.gate_process import Accounts, GateOptions, configuration
from benchmarks.gate_state import paths_kept
from benchmarks.lookups import NOTATIONS, RATE
from benchmarks.machine import CoreUsage, own_rss_mb
from benchmarks.measurement import percentiles
from benchmarks.reactor_pauses import Pauses
from benchmarks.return_path_records import key, some, value
from smppgate.daemon.process import prepare_process
from smppgate.gate.stores import make_store
from smppgate.settings import Settings, parse
from smppgate.store import IStore, StoreStatistics

Figures = dict[str, Any]

_LARGEST_BATCH = 500
_TICK_SECONDS = 0.001
_ADD_SECONDS, _ADDED = 0.01, 10
_LEAST_RECENT = 10_000
_SEED = 3


def settings(store: str, state: Path, paths: int) -> Settings:
    """Those of a gate with all defaults, but room for twice ``paths`` where there is a limit.

    Memory has a tenth of them at most, as it has by default of ten million: with fewer, too, most
    lookups are to need the disk.
    """
    found = parse(configuration(1, [2], Accounts(), GateOptions(store), state))
    chosen = found.store
    room = chosen.return_paths and max(chosen.return_paths, 2 * paths)
    recent = min(chosen.return_paths_in_memory, max(_LEAST_RECENT, paths // 10))
    chosen = evolve(chosen, return_paths=room, return_paths_in_memory=recent)
    return evolve(found, store=chosen)


class Filling:
    """Return paths 0 to ``paths`` - 1, kept at `RATE` as long as the store takes them."""

    def __init__(self, reactor: IReactorTime, store: IStore, paths: int) -> None:
        self._reactor = reactor
        self._store = store
        self._paths = paths
        self._kept = 0

    async def run(self) -> None:
        """Keep them all."""
        began = time.perf_counter()
        while self._kept < self._paths:
            due = min(self._paths, int((time.perf_counter() - began) * RATE))
            batch = range(self._kept, min(due, self._kept + _LARGEST_BATCH))
            if batch:
                await self._store.keep(some(batch))
                self._kept = batch.stop
            # The reactor has its turn in any case: the Deferred may have fired at once.
            await deferLater(self._reactor, 0.0 if self._kept < due else _TICK_SECONDS)


async def keep(reactor: IReactorTime, store: IStore, paths: int) -> Figures:
    """Fill the store and close it."""
    await store.open()
    pauses = Pauses(reactor)
    usage = CoreUsage(min(os.sched_getaffinity(0)), time.process_time)
    began = time.perf_counter()
    await Filling(reactor, store, paths).run()
    seconds, others, longest = time.perf_counter() - began, usage.others(), pauses.longest()
    pauses.stop()
    told, rss = store.statistics(), own_rss_mb()
    await store.close()
    return {
        "kept_per_second": paths / seconds,
        "others": others,
        "rss_keeping_mb": rss,
        "disk_mb": told.octets / 1e6,
        "faults": _faults(told, paths),
        **asdict(longest),
    }


async def look(reactor: IReactorTime, store: IStore, paths: int, lookups: int) -> Figures:
    """Open the store and look return paths up."""
    began = time.perf_counter()
    await store.open()
    start = time.perf_counter() - began
    searches = Searches(reactor, store, paths)
    searches.check(_faults(store.statistics(), paths))
    new = count(paths)
    adding = LoopingCall(lambda: store.keep(some(islice(new, _ADDED))) and None)
    adding.clock = reactor
    adding.start(_ADD_SECONDS, now=False)
    exact = await searches.run(searches.exact, lookups)
    notations = await searches.run(searches.notations, lookups)
    adding.stop()
    rss = own_rss_mb()
    await store.close()
    return {
        "start_seconds": start,
        "exact_us": percentiles(exact),
        "notations_us": percentiles(notations),
        "rss_mb": rss,
        "faults": searches.faults,
    }


class Searches:
    """Searches in a store that has return paths 0 to ``paths`` - 1."""

    def __init__(self, reactor: IReactorTime, store: IStore, paths: int) -> None:
        self.faults: dict[str, int] = {}
        self._reactor = reactor
        self._store = store
        self._paths = paths
        self._random = Random(_SEED)
        self._unknown = count(-1, -1)

    def check(self, faults: dict[str, int]) -> None:
        """Count these, too."""
        for what, times in faults.items():
            self.faults[what] = self.faults.get(what, 0) + times

    def exact(self) -> tuple[list[bytes], bytes | None]:
        """One id that is known: the keys, and what is to be found."""
        number = self._random.randrange(self._paths)
        return [key(number)], value(number)

    def notations(self) -> tuple[list[bytes], bytes | None]:
        """As many ids as there are notations, one of which may be known."""
        keys = [key(number) for number in islice(self._unknown, NOTATIONS)]
        if self._random.random() < 0.5:
            return keys, None
        number = self._random.randrange(self._paths)
        keys[self._random.randrange(NOTATIONS)] = key(number)
        return keys, value(number)

    async def run(
        self, search: Callable[[], tuple[list[bytes], bytes | None]], times: int
    ) -> list[int]:
        """Nanoseconds that each of so many searches took."""
        latencies = []
        for _ in range(times):
            keys, wanted = search()
            began = time.perf_counter_ns()
            found = await self._found(keys)
            latencies.append(time.perf_counter_ns() - began)
            if found != wanted:
                self.check({"lookups with a wrong answer": 1})
            # What is kept meanwhile has its turn.
            await deferLater(self._reactor, 0.0)
        return latencies

    async def _found(self, keys: list[bytes]) -> bytes | None:
        """The value under any of the keys."""
        recent = self._store.recent
        for each in keys:
            if (there := recent(each)) is not None:
                return there
        found = await self._store.find(keys)
        if not found.is_complete:
            self.check({"lookups that could not be made": 1})
        return next(iter(found.paths.values()), None)


def _faults(told: StoreStatistics, paths: int) -> dict[str, int]:
    counts = {
        "failures of the store": told.failures,
        "return paths lost": told.lost,
        "return paths forgotten": told.forgotten,
        "return paths that the store does not count": max(0, paths - paths_kept(asdict(told))),
    }
    return {what: times for what, times in counts.items() if times}


def _main(reactor: object, what: str, store: str, state: str, file: str, *counts: str) -> Any:
    paths, lookups = map(int, counts)
    clock = cast(IReactorTime, reactor)
    made = settings(store, Path(state), paths)
    opened = make_store(made, clock, SystemRandom())

    async def run(work: Coroutine[Deferred[Any], Any, Figures]) -> None:
        Path(file).write_text(json.dumps(await work))

    work = keep(clock, opened, paths) if what == "keep" else look(clock, opened, paths, lookups)
    return ensureDeferred(run(work))


if __name__ == "__main__":
    prepare_process()
    react(_main, sys.argv[1:])
