"""`RedisPaths` on model servers and model disks, on one clock, that can be killed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from functools import partial
from math import ceil
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock as Time

from smppgate.store.records import Durability, Found, Limits
from smppgate.store.redis.faults import RedisFaults
from smppgate.store.redis.names import Names
from smppgate.store.redis.paths import RedisPaths
from smppgate.store.redis.slots import Slots
from smppgate.store.segments.indexing import HereJobs
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.sizes import Sizes
from smppgate.txsmpp.clock import Clock
from tests.store.fakes import BEGUN, clock_at, inline_workers, result_of
from tests.store.redis.model import ModelRedis, ModelServer
from tests.store.segments.model_disk import ModelFolder

T = TypeVar("T")
LIFETIME = 1600.0
SMALL = Sizes(segment=600, table=4, piece=12, replay=1 << 20)


class PathBox:
    """One node, the servers that it uses, and its disks.

    :ivar redis: the masters.
    :ivar servers: the node's way to each.
    """

    def __init__(
        self,
        count: int = 1,
        limits: Limits | None = None,
        sizes: Sizes = SMALL,
        durability: Durability = Durability.PROCESS,
        answered: float = 0.0,
    ) -> None:
        self.clock = clock_at(BEGUN)
        self.limits = limits or Limits(return_paths_in_memory=16, return_path_ttl=LIFETIME)
        self.sizes = sizes
        self.durability = durability
        self.answered = answered
        self.redis = [ModelRedis(self.clock.seconds) for _ in range(count)]
        self.folders: dict[str, ModelFolder] = {}
        self.temporary = tempfile.TemporaryDirectory()
        self.open()

    def open(self) -> None:
        """Open on the servers and folders as they are, and wait until it is open."""
        self.servers = [ModelServer(it, self.clock) for it in self.redis]
        self.workers = inline_workers()
        self.faults = RedisFaults("test")
        self.paths = self.paths_on(self.servers)
        assert result_of(Deferred.fromCoroutine(self.paths.open()))

    def paths_on(self, servers: list[ModelServer], clock: Time | None = None) -> RedisPaths:
        return RedisPaths(
            Clock.of(clock or self.clock),
            Slots(servers),
            Names(b"t:"),
            Path(self.temporary.name),
            self.workers,
            self.faults,
            self.limits,
            self.durability,
            self._setting,
            self.answered,
        )

    def close(self) -> None:
        self.wait(Deferred.fromCoroutine(self.paths.close()))
        for server in self.servers:
            server.close()

    def restart(self, count: int | None = None) -> None:
        """Close it and open it again, with so many of the servers."""
        self.close()
        del self.redis[len(self.redis) if count is None else count :]
        self.open()

    def kill(self) -> None:
        """Go on with what a kill leaves."""
        for server in self.servers:
            server.close()
        self.folders = {name: folder.crashed() for name, folder in self.folders.items()}
        # The timers of the process end with it.
        for call in self.clock.getDelayedCalls():
            call.cancel()
        self.clock.advance(0.001)
        self.open()

    def pass_time(self, seconds: float = 1.0) -> None:
        """In steps of a hundredth; there is a tick after each second, and after the rest."""
        for step in range(1, ceil(round(seconds * 100, 6)) + 1):
            self.clock.advance(0.01)
            if step % 100 == 0:
                self.paths.tick()
        self.paths.tick()
        self.clock.advance(0)

    def keep(self, key: bytes, value: bytes) -> Deferred[None]:
        return self.paths.keep({key: value})

    def kept(self, paths: dict[bytes, bytes]) -> None:
        self.wait(self.paths.keep(paths))

    def find(self, *keys: bytes) -> Found:
        return self.wait(self.paths.find(keys))

    def stored(self, key: bytes) -> bytes | None:
        """What the servers have under ``key``, without the stamp."""
        values = [it.call(b"GET", b"t:p:" + key) for it in self.redis]
        return next((value[6:] for value in values if value is not None), None)

    def forget_recent(self) -> None:
        """Memory has other return paths from now on."""
        for number in range(2 * self.limits.recent):
            self.kept({b"other-%d" % number: b""})

    @property
    def waiting(self) -> int:
        """Return paths and ends that wait on disk."""
        return self.paths.statistics().paths_on_disk

    def wait(self, deferred: Deferred[T]) -> T:
        """What it fires with, within two seconds."""
        fired: list[T] = []
        deferred.addCallback(partial(_note, fired))
        for _ in range(2000):
            if fired:
                return fired[0]
            self.clock.advance(0.001)
        raise AssertionError("it has not fired")

    def _setting(self, directory: Path) -> Setting:
        folder = self.folders.setdefault(directory.name, ModelFolder())
        return Setting(folder, HereJobs(folder), self.sizes)


def _note(fired: list[T], value: T) -> T:
    fired.append(value)
    return value


def keys_for(box: PathBox, place: int, count: int) -> list[bytes]:
    """Keys that the server of that place has."""
    slots = Slots(box.servers)
    keys = (b"key-%d" % number for number in range(1000))
    return [key for key in keys if slots.of(key) is box.servers[place]][:count]


def values(keys: Iterable[bytes]) -> dict[bytes, bytes]:
    return {key: b"value of " + key for key in keys}
