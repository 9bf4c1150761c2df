"""The stores of one world: one for each life of the gate, all on one disk."""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, ParamSpec, TypeVar

from attrs import evolve
from twisted.internet.defer import Deferred, execute, succeed
from twisted.internet.interfaces import IReactorTime

from smppgate.store import DiskStore, Durability, IStore, Limits
from smppgate.store.segments.indexing import HereJobs
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.sizes import Sizes
from smppgate.store.worker import Workers
from tests.simulation.model_store import Disk, ModelStore
from tests.simulation.scenario import Plan
from tests.simulation.trace import Trace
from tests.store.segments.model_disk import ModelFolder

P = ParamSpec("P")
T = TypeVar("T")

_MEMORY = Path("/dev/shm")
SIZES = Sizes(segment=20_000, table=64, piece=100)
"""Small ones, so that a world has several segments and indexes."""


class InlineWorker:
    """Does all at once, and tells of it later, in order."""

    def __init__(self, clock: IReactorTime, delay: Callable[[], float]) -> None:
        self._clock = clock
        self._delay = delay
        self._last = 0.0
        self._untold: deque[Callable[[], None]] = deque()

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Call ``function``."""
        return self._told_later(execute(function, *args, **kwargs), self._delay())

    def _told_later(self, done: Deferred[T], delay: float) -> Deferred[T]:
        told = Deferred[T]()
        now = self._clock.seconds()
        self._last = max(self._last, now + delay)
        self._untold.append(partial(done.chainDeferred, told))
        self._clock.callLater(self._last - now, self._tell)
        return told

    def _tell(self) -> None:
        self._untold.popleft()()

    def stop(self) -> Deferred[None]:
        """Fires when all has been told: a thread with nothing to do ends at once."""
        return self._told_later(succeed(None), 0.0)


class Stores:
    """Makes the stores, and lets them crash with the gate."""

    def __init__(self, plan: Plan, chance: Random, trace: Trace) -> None:
        self._plan = plan
        self._chance = chance
        self._trace = trace
        self._disk = Disk()
        self._store: ModelStore | DiskStore | None = None
        self._database: Path | None = None
        """Where the SQLite files of all lives are."""
        self._folder = ModelFolder()
        """Where the segments of this life are."""
        self._crashes = 0
        self._old: list[DiskStore] = []
        self._kept: dict[bytes, dict[bytes, None]] = {}
        """All that the gate ever had a real store keep or end: key → values."""
        self.told: Callable[[bool], None] | None = None
        """Called when something begins to be written, with whether a kill is possible now."""

    def open(self, reactor: IReactorTime) -> IStore:
        """One for a new life of the gate."""
        if self._plan.store.is_real:
            self._store = self._real(reactor)
        else:
            self._store = ModelStore(
                reactor,
                self._disk,
                self._plan.store,
                self._plan.ttl,
                self._chance,
                self._trace,
                self._writes,
            )
        return self._store

    def _writes(self, is_now: bool) -> None:
        if self.told is not None:
            self.told(is_now)

    def _writes_now(self, is_done: bool) -> None:
        """Something is about to be appended to a segment, or just was."""
        # A loss of power comes when there is something to be lost.
        may_come = is_done if self._plan.store.is_durable else self._chance.random() < 0.5
        if self.told is not None and may_come:
            self.told(True)

    def has_path(self, message_id: bytes) -> bool:
        """Whether the disk has a return path of an SMSC's id."""
        if not isinstance(self._store, ModelStore):
            files = self._folder.files.values()
            return any(message_id in content.octets for content in files)
        newest_first = reversed(self._disk.paths)
        return any(key.endswith(b"\0" + message_id) for key in newest_first)

    def made_up(self) -> Iterator[str]:
        """What is in a real store's memory that the gate has never had it keep, or end."""
        if isinstance(self._store, DiskStore):
            for table in self._store._paths._tables._tables:
                for key, value in table.paths.items():
                    if value not in self._kept.get(key, ()):
                        yield f"nobody has kept {value!r} under {key!r}"
                for key in table.ends:
                    if key not in self._kept:
                        yield f"nobody has ended {key!r}"

    def crash(self) -> None:
        """The process is gone."""
        if isinstance(self._store, ModelStore):
            self._store.crash()
        elif self._database is not None:
            self._copy()

    def calm(self) -> None:
        """It neither fails nor stalls from now on."""
        self._plan = evolve(self._plan, store=evolve(self._plan.store, failures=0.0, stall=0.0))
        if isinstance(self._store, ModelStore):
            self._store.calm()

    def expire(self) -> None:
        """What is over is to be gone now."""
        if isinstance(self._store, ModelStore):
            self._store.expire()

    def left(self) -> Iterator[str]:
        """What is still there."""
        if self._store is not None:
            held = self._store.statistics()
            if held.paths_recent or held.paths_on_disk or held.queued or held.unsaved:
                yield repr(held)

    def end(self) -> None:
        """Take all files away."""
        for store in self._old:
            _let_go(store)
        if isinstance(self._store, DiskStore):
            _let_go(self._store)
        if self._database is not None:
            shutil.rmtree(self._database, ignore_errors=True)

    # The one on disk

    def _real(self, reactor: IReactorTime) -> DiskStore:
        if self._database is None:
            where = _MEMORY if _MEMORY.is_dir() else None
            self._database = Path(tempfile.mkdtemp(prefix="world-", dir=where))
        workers = Workers(*(InlineWorker(reactor, self._delay) for _ in Workers._fields))
        limits = Limits(return_paths_in_memory=SIZES.table, return_path_ttl=self._plan.ttl)
        setting = Setting(self._folder, HereJobs(self._folder), SIZES)
        self._folder.on_write = self._writes_now
        durability = Durability.DISK if self._plan.store.is_durable else Durability.PROCESS
        store = DiskStore(reactor, self._here(), limits, durability, workers, setting)
        self._watch(store)
        return store

    def _watch(self, store: Any) -> None:
        """Note what the gate has ``store`` keep and end."""
        keep, end = store.keep, store.end

        def kept(paths: Mapping[bytes, bytes], waited: float = 0.0) -> Deferred[None]:
            for key, value in paths.items():
                self._kept.setdefault(key, {})[value] = None
            done: Deferred[None] = keep(paths, waited)
            return done

        def ended(keys: Sequence[bytes], grace: float) -> None:
            for key in keys:
                self._kept.setdefault(key, {})
            end(keys, grace)

        store.keep, store.end = kept, ended

    def _here(self) -> Path:
        assert self._database is not None
        return self._database / str(self._crashes)

    def _copy(self) -> None:
        """What a kill leaves, the files as they are; or what a loss of power leaves."""
        assert isinstance(self._store, DiskStore)
        here = self._here()
        self._old.append(self._store)
        self._crashes += 1
        there = self._here()
        there.mkdir(mode=0o700)
        for file in here.glob("smppgate.sqlite*"):
            shutil.copy(file, there)
        self._folder.on_write = lambda _: None
        self._folder = self._folder.crashed(self._chance if self._plan.store.is_durable else None)

    def _delay(self) -> float:
        plan = self._plan.store
        if plan.stall and self._chance.random() < plan.stall:
            self._trace.fault("store", "store stalls")
            return 0.2 + self._chance.random()
        return self._chance.expovariate(1.0) * plan.delay


def _let_go(store: Any) -> None:
    """Close the files of a store whose process is gone."""
    database = store._queues._disk._database
    for close in (database.close_reader, database.close_keeper, database.close):
        close()
