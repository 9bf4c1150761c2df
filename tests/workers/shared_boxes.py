"""Stores of workers, with the master's behind them, as the suite of all stores has them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smppgate.store import DiskPaths, DiskQueues, Durability, Home, Limits, MemoryStore
from smppgate.store.segments.sizes import Sizes
from smppgate.workers.shared_store import SharedStore
from smppgate.workers.store_server import ServedStore, StoreServer
from tests.store.boxes import SMALL, TIGHT, DiskBox, MemoryBox
from tests.store.fakes import BEGUN, clock_at, inline_workers, setting_in, wait
from tests.workers.pair import Ends

T = TypeVar("T")


def disk_queues(clock: Clock, directory: Path) -> DiskQueues:
    """The master's store."""
    return DiskQueues(clock, directory, 1600.0, Durability.PROCESS, inline_workers())


def disk_paths(clock: Clock, directory: Path, limits: Limits, sizes: Sizes) -> DiskPaths:
    """The return paths of a worker."""
    workers, setting = inline_workers(), setting_in(directory, sizes)
    return DiskPaths(clock, Home(directory), limits, Durability.PROCESS, workers, setting)


class Master:
    """A master with its store, and the connections of its workers."""

    def __init__(self, clock: Clock, store: ServedStore) -> None:
        self.clock = clock
        self.server = StoreServer(store)
        self.settled(store.open())

    def worker(self, paths: DiskPaths | MemoryStore | None = None) -> tuple[SharedStore, Ends]:
        """A worker more; its store is open."""
        paths = paths if paths is not None else MemoryStore(self.clock, Limits())
        shared = SharedStore(paths)
        ends = Ends([self.server.responders()], [shared], self.clock)
        self.settled(shared.open())
        return shared, ends

    def settled(self, deferred: Deferred[T]) -> T:
        """What ``deferred`` fires with, for which no time passes unless it has to."""
        for _ in range(20):
            if not deferred.called:
                self.clock.advance(0)
        return wait(self.clock, deferred)


class SharedMemoryBox(MemoryBox):
    """A worker's store, where the master keeps all in memory."""

    def __init__(self) -> None:
        self.clock = clock_at(BEGUN)
        self.master = Master(self.clock, MemoryStore(self.clock, self.limits))
        self.store, self.ends = self.master.worker(MemoryStore(self.clock, self.limits))

    def wait(self, deferred: Deferred[T]) -> T:
        return self.master.settled(deferred)

    def close(self) -> None:
        super().close()
        self.ends.transport.lose()
        self.ends.turn()
        self.wait(self.master.server.store.close())


class SharedBox(DiskBox):
    """A worker's store with nearly all return paths on disk, and the master's on disk."""

    limits = TIGHT
    sizes = SMALL

    def wait(self, deferred: Deferred[T]) -> T:
        return self.master.settled(deferred) if hasattr(self, "master") else super().wait(deferred)

    def restart(self) -> None:
        self._shut()
        self._open()

    def kill(self) -> None:
        left = Path(tempfile.mkdtemp(dir=self.directory.parent, prefix="left-"))
        shutil.copytree(self.directory, left, dirs_exist_ok=True)
        self.close()
        self.directory = left
        self._open()

    def close(self) -> None:
        self._shut()
        shutil.rmtree(self.directory)

    def _shut(self) -> None:
        self.wait(self.store.close())
        self.ends.transport.lose()
        self.ends.turn()
        self.wait(self.master.server.store.close())

    def _open(self) -> None:
        self.master = Master(self.clock, disk_queues(self.clock, self.directory))
        own = self.directory / "worker-1"
        paths = disk_paths(self.clock, own, self.limits, self.sizes)
        self.store, self.ends = self.master.worker(paths)
