"""Whatever happens to masters, replicas and Sentinels: when it is over, nothing of it is left.

The master that Sentinels name is used, nothing fails, no return path waits in the folder, and
where a replica is waited for none is lost.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from smppgate.store.redis.access import Address
from smppgate.store.redis.faults import RedisFaults
from smppgate.store.redis.ports import Unreached
from smppgate.store.redis.server import RedisServer, Way
from smppgate.txsmpp.backoff import Backoff
from tests.fakes import outcomes
from tests.store.fakes import inline_workers
from tests.store.redis.model import PATIENCE
from tests.store.redis.path_box import PathBox
from tests.store.redis.talking import TalkingRedis, ToTalkingRedis

STEP = 0.02
"""Seconds from one return path to the next."""

CALM = 8.0
"""Seconds until all is well: a server that was frozen is connected to anew after five."""


class World(PathBox):
    """A node with two servers, of which one is the master and the other its replica.

    :ivar master: that of the Sentinels.
    :ivar named: which one they say it is; None where none of them answers.
    """

    def __init__(self, replicas: int) -> None:
        self.replicas = replicas
        super().__init__()
        self.sent: dict[bytes, bytes] = {}

    def open(self) -> None:
        """See `PathBox.open`."""
        self.places = {Address(it, 1): TalkingRedis(self.clock, replicas=1) for it in "ab"}
        self.master, self.other = self.places
        self.named: Address | None = self.master
        self.places[self.other].become(is_master=False)
        way = Way(
            self,
            lambda at: ToTalkingRedis(self.places[at]),
            patience=PATIENCE,
            replicas=self.replicas,
        )
        backoff = Backoff(0.05, 1.0, lambda: 1.0)
        self.workers = inline_workers()
        self.faults = RedisFaults("test")
        server: Any = RedisServer("redis", way, self.clock, backoff, self.faults)
        self.servers = [server]
        self.paths = self.paths_on(self.servers)
        opening = outcomes(server.open()), outcomes(Deferred.fromCoroutine(self.paths.open()))
        self.clock.pump([0.001] * 100)
        assert opening == ([None], [True])

    async def find(self) -> Address:
        """See `Source.find`."""
        if self.named is None:
            raise Unreached("no Sentinel answers")
        return self.named

    def pass_by(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            number = len(self.sent)
            self.sent[b"key %d" % number] = value = b"path %d" % number
            self.keep(b"key %d" % number, value)
            self.clock.advance(STEP)
            if number % 100 == 0:
                self.paths.tick()

    # What happens

    def frozen(self, seconds: float) -> None:
        self.places[self.master].freeze()
        self.pass_by(seconds)
        self.places[self.master].thaw()

    def down(self, seconds: float) -> None:
        self.places[self.master].stop()
        self.pass_by(seconds)
        self.places[self.master].start()

    def alone(self, seconds: float) -> None:
        """The replica is away."""
        model = self.places[self.master].model
        model.cut_replica()
        self.pass_by(seconds)
        model.join_replica()

    def locked(self, seconds: float) -> None:
        """Its connections are lost, and new ones are refused the password."""
        redis = self.places[self.master]
        redis.refusal = "WRONGPASS invalid username-password pair or user is disabled."
        redis.stop()
        redis.start()
        self.pass_by(seconds)
        redis.refusal = ""

    def unnamed(self, seconds: float) -> None:
        """No Sentinel answers."""
        self.named = None
        self.pass_by(seconds)
        self.named = self.master

    def killed(self, seconds: float) -> None:
        """The master is replaced when it is dead, and comes back as a replica."""
        old = self.places[self.master]
        old.stop()
        self.pass_by(seconds / 2)
        self._replace()
        self.pass_by(seconds / 2)
        old.start()
        self._join(old)

    def ordered(self, seconds: float) -> None:
        """The master is replaced, and goes on as one until Sentinels make it a replica."""
        old = self.places[self.master]
        old.model.cut_replica()
        self._replace()
        self.pass_by(seconds)
        self._join(old)

    def behind(self, seconds: float) -> None:
        """The same; and the Sentinel that this node asks is the last to know."""
        old, named = self.places[self.master], self.master
        old.model.cut_replica()
        self._replace()
        self.named = named
        self.pass_by(seconds / 2)
        self._join(old)
        self.pass_by(seconds / 2)
        self.named = self.master

    def demoted(self, seconds: float) -> None:
        """It is made a replica by hand, by which no connection is lost."""
        old = self.places[self.master]
        self._replace()
        self._join(old, is_by_hand=True)
        self.pass_by(seconds)

    def thawed(self, seconds: float) -> None:
        """It is frozen when it is replaced."""
        old = self.places[self.master]
        old.freeze()
        self.pass_by(seconds / 2)
        old.model.cut_replica()
        self._replace()
        self.pass_by(seconds / 2)
        old.thaw()
        self._join(old)

    def _replace(self) -> None:
        """The other is the master, without a replica."""
        self.master, self.other = self.other, self.master
        new = self.places[self.master]
        new.model.take_over(self.places[self.other].model)
        new.become(is_master=True)
        new.model.cut_replica()
        self.named = self.master

    def _join(self, old: TalkingRedis, is_by_hand: bool = False) -> None:
        """It is the master's replica, and has all that this has."""
        old.become(is_master=False, hangs_up=not is_by_hand)
        self.places[self.master].model.join_replica()

    # What must be

    def check(self) -> None:
        self.pass_by(CALM)
        self.pass_time(0.1)
        server: Any = self.servers[0]
        assert server.address == self.master
        assert server.is_up
        assert server.has_replicas
        assert not str(self.faults)
        assert not self.waiting
        if self.replicas:
            self.redis = [self.places[self.master].model]
            lost = [key for key, value in self.sent.items() if self.stored(key) != value]
            assert not lost


KINDS = (
    "frozen",
    "down",
    "alone",
    "locked",
    "unnamed",
    "killed",
    "ordered",
    "behind",
    "demoted",
    "thawed",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("replicas", [0, 1])
def test_nothing_is_left(kind: str, replicas: int) -> None:
    it = World(replicas)
    for seconds in (0.3, 3.0, 7.0):
        it.pass_by(0.5)
        getattr(it, kind)(seconds)
    it.check()
    it.close()


@settings(max_examples=20, deadline=None)
@given(
    replicas=st.integers(0, 1),
    steps=st.lists(
        st.tuples(st.sampled_from(KINDS), st.floats(0.02, 4.0), st.floats(0.0, 0.6)), max_size=5
    ),
)
def test_whatever_comes_after_what(replicas: int, steps: list[tuple[str, float, float]]) -> None:
    it = World(replicas)
    for kind, seconds, pause in steps:
        getattr(it, kind)(seconds)
        it.pass_by(pause)
    it.check()
    it.close()
