"""However a server fails, the answer to an ESME waits no longer than the patience."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from smppgate.gate.return_path.commits import Commits
from smppgate.store.redis.access import Address
from smppgate.store.redis.faults import RedisFaults
from smppgate.store.redis.sentinel import Fixed
from smppgate.store.redis.server import RedisServer, Way
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from tests.fakes import outcomes
from tests.store.fakes import inline_workers
from tests.store.redis.model import PATIENCE
from tests.store.redis.model_data import OOM, READONLY
from tests.store.redis.path_box import PathBox
from tests.store.redis.talking import TalkingRedis, ToTalkingRedis
from tests.store.redis.test_server import Heard

STEP = 0.005
"""Seconds from one message to the next, and of a turn of the reactor."""


class Esme:
    """An ESME whose answers wait; what `Commits` knows of an origin."""

    def __init__(self, clock: Any) -> None:
        self.waited: list[float] = []
        self._clock = clock

    def answer(self, octets: bytes) -> None:
        self.waited.append(self._clock.seconds() - float(octets))


class World(PathBox):
    """A node whose connections are those of a gate, and an ESME."""

    def __init__(self, replicas: int) -> None:
        self.replicas = replicas
        super().__init__()
        self.esme = Esme(self.clock)
        self.sent = 0
        paths: Any = self.paths
        self.commits = Commits(Clock.of(self.clock), Batch(self.clock), paths, may_wait=True)

    def open(self) -> None:
        """See `PathBox.open`."""
        self.talking = TalkingRedis(self.clock, self.replicas)
        place = ToTalkingRedis(self.talking)
        way = Way(
            Fixed(Address("a", 1)), lambda _: place, patience=PATIENCE, replicas=self.replicas
        )
        backoff = Backoff(0.05, 1.0, lambda: 1.0)
        server: Any = RedisServer("redis", way, self.clock, backoff, Heard())
        self.servers = [server]
        self.workers = inline_workers()
        self.faults = RedisFaults("test")
        self.paths = self.paths_on(self.servers)
        opening = outcomes(server.open()), outcomes(Deferred.fromCoroutine(self.paths.open()))
        self.clock.pump([0.001] * 100)
        assert opening == ([None], [True])
        assert server.is_up

    def message(self) -> None:
        """An SMSC has taken a message."""
        self.sent += 1
        self.commits.keep(b"key %d" % self.sent, b"path")
        esme: Any = self.esme
        self.commits.answer(esme, b"%f" % self.clock.seconds())

    def pass_by(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            self.message()
            self.clock.advance(STEP)

    # What happens

    def frozen(self, seconds: float) -> None:
        self.talking.freeze()
        self.pass_by(seconds)
        self.talking.thaw()

    def down(self, seconds: float) -> None:
        self.talking.stop()
        self.pass_by(seconds)
        self.talking.start()

    def silent(self, seconds: float) -> None:
        self.talking.is_silent = True
        self.down(seconds)
        self.pass_by(seconds)
        self.talking.is_silent = False

    def slow(self, seconds: float, delay: float = 0.1) -> None:
        before, self.talking.delay = self.talking.delay, delay
        self.pass_by(seconds)
        self.talking.delay = before

    def full(self, seconds: float) -> None:
        self.talking.model.refuse(OOM)
        self.pass_by(seconds)
        self.talking.model.refuse("")

    def replaced(self, seconds: float) -> None:
        self.talking.model.refuse(READONLY)
        self.pass_by(seconds)
        self.talking.model.refuse("")

    def alone(self, seconds: float) -> None:
        self.talking.model.lag = inf
        self.pass_by(seconds)
        self.talking.model.lag = 0.0

    def lagging(self, seconds: float, lag: float = 0.12) -> None:
        self.talking.model.lag = lag
        self.pass_by(seconds)
        self.talking.model.lag = 0.0

    def close(self) -> None:
        self.pass_time(2.0)
        super().close()


@contextmanager
def world(replicas: int) -> Iterator[World]:
    made = World(replicas)
    yield made
    made.close()
    assert len(made.esme.waited) == made.sent
    # A turn until the message goes, and one until the answer does.
    assert max(made.esme.waited, default=0.0) <= PATIENCE + 3 * STEP


KINDS = ("frozen", "down", "silent", "slow", "full", "replaced", "alone", "lagging")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("replicas", [0, 1])
def test_no_answer_waits_longer(kind: str, replicas: int) -> None:
    with world(replicas) as it:
        for seconds in (0.2, 0.3, 1.0):
            it.pass_by(0.5)
            getattr(it, kind)(seconds)
        it.pass_by(1.0)


@pytest.mark.parametrize("delay", [0.03, 0.06, 0.08, 0.1, 0.115, 0.12, 0.124, 0.13, 0.2, 0.4])
@pytest.mark.parametrize("replicas", [0, 1])
def test_no_answer_waits_longer_for_a_server_of_any_slowness(replicas: int, delay: float) -> None:
    with world(replicas) as it:
        it.slow(2.0, delay)
        it.pass_by(0.5)


@settings(max_examples=30, deadline=None)
@given(
    replicas=st.integers(0, 1),
    steps=st.lists(
        st.tuples(st.sampled_from(KINDS), st.floats(0.01, 1.5), st.floats(0.0, 0.6)), max_size=6
    ),
)
def test_whatever_comes_after_what(replicas: int, steps: list[tuple[str, float, float]]) -> None:
    with world(replicas) as it:
        for kind, seconds, pause in steps:
            getattr(it, kind)(seconds)
            it.pass_by(pause)
