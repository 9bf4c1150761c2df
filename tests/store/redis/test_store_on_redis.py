"""`RedisStore` does what `IStore` says on a redis-server and its replica too."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, settings
from twisted.internet.defer import Deferred

from smppgate.gate.stores import make_store
from smppgate.settings import parse
from tests.settings import documents
from tests.store.boxes import MemoryBox
from tests.store.redis.real import RealRedis
from tests.store.redis.turning import Turning, turning
from tests.store.test_stores import Model

pytestmark = pytest.mark.thorough

T = TypeVar("T")
LONGEST = 0.05
"""Seconds that a test lets pass at once, however many it asks for."""


class RealTime:
    """The clock of a reactor that is turned, as those of models are used."""

    def __init__(self, it: Turning) -> None:
        self._it = it

    def seconds(self) -> float:
        return time.time()

    def advance(self, seconds: float) -> None:
        end = time.monotonic() + min(seconds, LONGEST)
        while (rest := end - time.monotonic()) > 0:
            self._it.reactor.iterate(rest)

    def pump(self, pauses: Sequence[float]) -> None:
        self.advance(sum(pauses))


class RealBox(MemoryBox):
    """The store that a gate makes, on servers that have nothing else."""

    servers: RealRedis
    it: Turning
    is_empty = True
    """Whether it begins with nothing."""

    def __init__(self) -> None:
        if self.is_empty:
            self.servers.call("FLUSHALL")
        self.clock: Any = RealTime(self.it)
        self.folder = tempfile.TemporaryDirectory()
        document = documents.minimal() | {
            "gate": {"state_dir": self.folder.name},
            "store": {"kind": "redis", "url": self.servers.url, "wait_replicas": 1},
        }
        made = parse(documents.toml(document))
        self.store = make_store(made, self.it.reactor, Random())
        self.wait(self.store.open())

    def wait(self, deferred: Deferred[T]) -> T:
        return self.it.wait(deferred)

    def close(self) -> None:
        super().close()
        self.folder.cleanup()


@pytest.fixture
def box() -> Iterator[type[RealBox]]:
    with ExitStack() as stack:
        master = stack.enter_context(RealRedis())
        stack.enter_context(master.replica())
        reactor = stack.enter_context(turning())

        class Box(RealBox):
            servers, it = master, reactor

        yield Box


def test_it_does_what_the_model_says(box: type[RealBox]) -> None:
    class Run(Model):
        make = box

    Run.TestCase.settings = settings(
        max_examples=10, stateful_step_count=40, phases=[Phase.generate], deadline=None
    )
    Run.TestCase().runTest()


def test_return_paths_are_there_for_the_next_run(box: type[RealBox]) -> None:
    class Next(box):  # type: ignore[valid-type, misc]
        is_empty = False

    first = box()
    first.wait(first.store.keep({b"key": b"value"}))
    assert first.wait(first.store.reserve_numbers(7)) > 0
    first.close()
    second = Next()
    assert second.wait(second.store.find([b"key"])).paths == {b"key": b"value"}
    second.close()
