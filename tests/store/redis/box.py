"""A `RedisStore` on the model, as the suite of all stores has it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from twisted.internet.task import Clock

from smppgate.store.redis.store import RedisStore
from smppgate.store.segments.indexing import HereJobs
from smppgate.store.segments.setting import Setting
from tests.store.boxes import SMALL, TIGHT, DiskBox
from tests.store.fakes import BEGUN, inline_workers
from tests.store.redis.model import ModelRedis, ModelServer
from tests.store.segments.model_disk import ModelFolder

WATCHED = 4.0
"""Seconds at the end of a longer time in which all happens that is due."""


class FineClock(Clock):
    """Time that passes from one timer to the next: what is asked for is answered in between.

    The most of a long time passes at once, as for a machine that was suspended.

    :ivar is_quiet: whether nothing is on its way.
    """

    def __init__(self, now: float = BEGUN) -> None:
        super().__init__()
        self.rightNow = now
        self.is_quiet: Callable[[], bool] = lambda: False

    def advance(self, amount: float) -> None:
        """Let so many seconds pass."""
        end = self.rightNow + amount
        while self.calls and self.calls[0].getTime() < end:
            rest = end - self.rightNow
            if rest > 2 * WATCHED and self.is_quiet():
                super().advance(rest - WATCHED)
            else:
                super().advance(max(0.0, self.calls[0].getTime() - self.rightNow))
        super().advance(max(0.0, end - self.rightNow))


class RedisBox(DiskBox):
    """The store of one node, which can be closed and opened again, or killed.

    :ivar redis: the masters.
    """

    servers = 1
    limits = TIGHT
    sizes = SMALL

    def __init__(self) -> None:
        self.clock: FineClock = FineClock()
        self.redis = [ModelRedis(self.clock.seconds) for _ in range(self.servers)]
        self.folders: dict[str, ModelFolder] = {}
        self.directory = Path(tempfile.mkdtemp(prefix="store-"))
        self.runs = 0
        self._open()

    def kill(self) -> None:
        """Go on with what ``kill -9`` leaves, in the place of the folder that is claimed."""
        for way in self.ways:
            way.close()
        for call in self.clock.getDelayedCalls():
            call.cancel()
        self.folders = {name: folder.crashed() for name, folder in self.folders.items()}
        shutil.rmtree(self.directory)
        self.directory = Path(tempfile.mkdtemp(prefix="store-"))
        self._open()

    def _open(self) -> None:
        self.runs += 1
        self.ways = [ModelServer(redis, self.clock) for redis in self.redis]
        store = RedisStore(
            self.clock,
            self.directory,
            self.ways,
            "t:",
            b"node.%d" % self.runs,
            self.limits,
            self.durability,
            workers=inline_workers(),
            settings=self._setting,
        )
        self.store = store
        self.clock.is_quiet = lambda: not any(way.is_asked for way in self.ways)
        self.wait(store.open())

    def _setting(self, directory: Path) -> Setting:
        folder = self.folders.setdefault(directory.name, ModelFolder())
        return Setting(folder, HereJobs(folder), self.sizes)


class SeveralRedisBox(RedisBox):
    """The same, with keys spread over several masters."""

    servers = 3
