"""Stores of each kind, which are opened, closed, opened again and killed."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred

from smppgate.store import Durability, IStore, Limits, MemoryStore
from smppgate.store.segments.sizes import Sizes
from tests.store.fakes import BEGUN, Inline, clock_at, killed, wait

LIFETIME = 1600.0
ROOMY = Limits(return_paths=10_000, return_paths_in_memory=5_000, return_path_ttl=LIFETIME)
# Memory holds so few that nearly all are found on disk.
TIGHT = Limits(return_paths=10_000, return_paths_in_memory=64, return_path_ttl=LIFETIME)
SMALL = Sizes(segment=4000, table=16, piece=50)

T = TypeVar("T")


class MemoryBox:
    """A memory store, which is not restarted."""

    limits = ROOMY

    def __init__(self) -> None:
        self.clock = clock_at(BEGUN)
        self.store: IStore = MemoryStore(self.clock, self.limits)
        self.wait(self.store.open())

    def wait(self, deferred: Deferred[T]) -> T:
        return wait(self.clock, deferred)

    def close(self) -> None:
        self.wait(self.store.close())


class DiskBox(MemoryBox):
    """A store on disk that can be closed and opened again, or killed."""

    durability = Durability.PROCESS
    sizes = Sizes.of(ROOMY)

    def __init__(self) -> None:
        self.clock = clock_at(BEGUN)
        self.directory = Path(tempfile.mkdtemp(prefix="store-"))
        self._open()

    def restart(self) -> None:
        self.wait(self.store.close())
        self._open()

    def kill(self) -> None:
        """Open a copy of the files as they are, as after ``kill -9``."""
        left = killed(self.directory)
        self.close()
        self.directory = left
        self._open()

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.directory)

    def _open(self) -> None:
        inline = Inline(self.directory, self.limits, self.durability, self.clock, self.sizes)
        self.store = inline.open()


class TightBox(DiskBox):
    """The same, with nearly all return paths on disk alone, in many segments."""

    limits = TIGHT
    sizes = SMALL


class LooseBox(DiskBox):
    """The same, with Deferreds that do not wait for the disk."""

    durability = Durability.NONE


class SafeBox(TightBox):
    """The same, with Deferreds that wait until the disk has all."""

    durability = Durability.DISK
