"""`SegmentPaths` on a model disk, without threads, with small parts."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import TypeVar

from twisted.internet.defer import Deferred

from smppgate.store.faults import Faults
from smppgate.store.records import Durability, Found, Limits
from smppgate.store.segments.indexing import HereJobs
from smppgate.store.segments.paths import SegmentPaths
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.sizes import Sizes
from smppgate.txsmpp.clock import Clock
from tests.store.fakes import BEGUN, clock_at, inline_workers, octets, wait
from tests.store.segments.model_disk import ModelFolder

T = TypeVar("T")
LIFETIME = 1600.0
SMALL = Sizes(segment=4000, table=16, piece=50, replay=1 << 20)


class Box:
    """A store of return paths that can be closed and opened again, or killed."""

    def __init__(
        self,
        limits: Limits | None = None,
        sizes: Sizes = SMALL,
        durability: Durability = Durability.PROCESS,
    ) -> None:
        self.clock = clock_at(BEGUN)
        self.limits = limits or Limits(return_paths_in_memory=64, return_path_ttl=LIFETIME)
        self.sizes = sizes
        self.durability = durability
        self.folder = ModelFolder()
        self.keeps_marks = False
        self.open()

    def open(self) -> None:
        """Open a store on the folder as it is."""
        self.workers = inline_workers()
        self.faults = Faults("test")
        self.jobs = HereJobs(self.folder)
        self.paths = SegmentPaths(
            Clock.of(self.clock),
            Setting(self.folder, self.jobs, self.sizes),
            self.workers,
            self.faults,
            self.limits,
            self.durability,
            lambda: self.keeps_marks,
        )
        self.wait(Deferred.fromCoroutine(self.paths.open()))

    def close(self) -> None:
        self.wait(Deferred.fromCoroutine(self.paths.close()))

    def restart(self) -> None:
        self.close()
        self.open()

    def kill(self, chance: Random | None = None) -> None:
        """Go on with what a kill leaves; with ``chance``, what a loss of power leaves."""
        self.folder = self.folder.crashed(chance)
        self.open()

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.clock.advance(1.0)
            self.paths.tick()
            self.clock.advance(0)

    def keep(self, paths: dict[bytes, bytes]) -> None:
        self.wait(self.paths.keep(paths))
        self.clock.advance(0)

    def fill(self, count: int, first: int = 0, step: int = 10) -> None:
        """Keep return paths of these numbers, some at a time."""
        for start in range(first, first + count, step):
            self.keep({octets(it): b"value-%d" % it for it in range(start, start + step)})

    def find(self, keys: Iterable[bytes]) -> Found:
        return self.wait(Deferred.fromCoroutine(self.paths.search(list(keys))))[0]

    def numbers(self, first: int, last: int) -> set[int]:
        """Which return paths are there of those that `fill` has kept."""
        found = self.find(octets(it) for it in range(first, last)).paths
        assert all(
            found[octets(it)] == b"value-%d" % it for it in range(last) if octets(it) in found
        )
        return {it for it in range(first, last) if octets(it) in found}

    def wait(self, deferred: Deferred[T]) -> T:
        return wait(self.clock, deferred)
