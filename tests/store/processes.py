"""The return paths of a gate of several processes, in one state directory, without threads."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from attrs import evolve
from twisted.internet.defer import Deferred

from smppgate.store import DiskPaths, Found, Home, Limits
from smppgate.store.segments.files import FOLDER
from smppgate.store.segments.sizes import Sizes
from smppgate.store.worker import Workers
from tests.store.fakes import BEGUN, clock_at, inline_workers, octets, setting_in, wait

T = TypeVar("T")
LIFETIME = 1600.0
LIMITS = Limits(return_paths_in_memory=64, return_path_ttl=LIFETIME)
SMALL = Sizes(segment=4000, table=16, piece=50, replay=1 << 20)


class Processes:
    """Stores by the numbers of their processes; those are missing that are dead.

    :param root: the state directory; one of its own, unless it is given.
    """

    def __init__(
        self,
        count: int,
        limits: Limits = LIMITS,
        sizes: Sizes = SMALL,
        root: Path | None = None,
    ) -> None:
        self.clock = clock_at(BEGUN)
        self.limits = limits
        self.sizes = sizes
        self.root = root or Path(tempfile.mkdtemp(prefix="processes-"))
        self.stores: dict[int, DiskPaths] = {}
        self.workers: dict[int, Workers] = {}
        self.open(count)

    # The life of them

    def open(self, count: int) -> None:
        self.count = count
        for number in range(1, count + 1):
            self.start(number)

    def start(self, number: int) -> None:
        home = self.home(number)
        workers, setting = inline_workers(), setting_in(home.own, self.sizes)
        limits = _part(self.limits, self.count)
        store = DiskPaths(self.clock, home, limits, workers=workers, setting=setting)
        self.stores[number], self.workers[number] = store, workers
        self.wait(store.open())

    def close(self) -> None:
        for number in list(self.stores):
            self.wait(self.stores.pop(number).close())

    def restart(self, count: int) -> None:
        self.close()
        self.open(count)

    def kill(self, count: int) -> None:
        """All of them, and begin with so many on what that leaves."""
        left = Path(tempfile.mkdtemp(prefix="processes-"))
        shutil.copytree(self.root, left, dirs_exist_ok=True)
        self.close()
        shutil.rmtree(self.root)
        self.root = left
        self.open(count)

    def kill_one(self, number: int) -> None:
        """That one; its folder is as it left it."""
        home, left = self.home(number).own, Path(tempfile.mkdtemp(prefix="processes-"))
        shutil.copytree(home / FOLDER, left / FOLDER)
        self.wait(self.stores.pop(number).close())
        shutil.rmtree(home / FOLDER)
        shutil.copytree(left / FOLDER, home / FOLDER)
        shutil.rmtree(left)

    def remove(self) -> None:
        self.close()
        shutil.rmtree(self.root)

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.clock.advance(1.0)
            self.clock.advance(0)

    # Return paths

    def home(self, number: int) -> Home:
        return Home(self.root, number, self.count)

    def keep(self, number: int, paths: dict[bytes, bytes]) -> None:
        self.wait(self.stores[number].keep(paths))
        self.clock.advance(0)

    def fill(self, number: int, count: int, first: int = 0, step: int = 10) -> None:
        """Let one process keep return paths of these numbers, some at a time."""
        for start in range(first, first + count, step):
            self.keep(number, {octets(it): b"value-%d" % it for it in range(start, start + step)})

    def find(self, number: int, keys: Iterable[bytes]) -> Found:
        return self.wait(self.stores[number].find(list(keys)))

    def find_beside(self, number: int, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        return dict(self.wait(self.stores[number].find_beside(list(keys))))

    def numbers(self, number: int, first: int, last: int) -> set[int]:
        """Which return paths one process finds, of those that `fill` has kept."""
        return _numbers(self.find(number, map(octets, range(first, last))).paths)

    def beside(self, number: int, first: int, last: int) -> set[int]:
        """The same of what one process finds in the folders of others."""
        return _numbers(self.find_beside(number, map(octets, range(first, last))))

    def wait(self, deferred: Deferred[T]) -> T:
        return wait(self.clock, deferred)

    # Folders

    def folders(self) -> list[str]:
        """Those in the state directory, but for its own files."""
        return sorted(it.name for it in self.root.iterdir() if it.is_dir())

    def files(self, directory: str) -> list[str]:
        return sorted(it.name for it in (self.root / directory / FOLDER).iterdir())

    def octets(self) -> int:
        """Of all segments and indexes."""
        return sum(it.stat().st_size for it in self.root.rglob(f"{FOLDER}/*"))


def _part(limits: Limits, count: int) -> Limits:
    return evolve(
        limits,
        return_paths=-(-limits.return_paths // count),
        return_paths_in_memory=-(-limits.return_paths_in_memory // count),
        return_paths_disk=limits.return_paths_disk // count,
    )


def _numbers(paths: dict[bytes, bytes] | object) -> set[int]:
    assert isinstance(paths, dict)
    found = {int(value.removeprefix(b"value-")) for value in paths.values()}
    assert {octets(it) for it in found} == set(paths)
    return found
