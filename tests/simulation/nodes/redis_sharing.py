"""`RedisSharing`: the Redis of a world, and stores on it; `RedisTrouble`: what happens to it."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from smppgate.gate.redis_stores import LEAVING
from smppgate.store import Limits
from smppgate.store.redis.names import Names
from smppgate.store.redis.store import RedisStore
from smppgate.store.segments.indexing import HereJobs
from smppgate.store.segments.setting import Setting
from smppgate.store.segments.sizes import Sizes
from tests.simulation.nodes.redis_plan import RedisPlan
from tests.simulation.reactor import SimulatedReactor
from tests.store.fakes import inline_workers
from tests.store.redis.model import PATIENCE, ModelRedis, ModelServer
from tests.store.segments.model_disk import ModelFolder

if TYPE_CHECKING:
    from tests.simulation.nodes.world import Node, NodesWorld

PREFIX = "t:"
LIFETIME = 3600.0
ANSWERED = PATIENCE + LEAVING
SIZES = Sizes(segment=4000, table=16, piece=50)
SECONDS = {"cut": (0.6, 8.0, 8.0)}
"""For how long something lasts at the most: often longer than a lease, where a node is cut off."""

_FAR = b"9000000000000"

MOST_ON_ITS_WAY = 4
"""Commands of a node that is killed which are still done."""


class RedisSharing:
    """What the nodes of one world share, and the disks that each has to itself."""

    reactors: tuple[SimulatedReactor, ...] = ()
    """None of its own: Redis has no timers."""

    def __init__(self, world: NodesWorld, plan: RedisPlan, chance: Random) -> None:
        self._world, self._plan, self._chance = world, plan, chance
        self.redis = ModelRedis(world.clock.wall, plan.replicas, plan.lag)
        self.slowness = 0.0
        """Seconds more until Redis has what it is asked."""
        self.ways: dict[str, ModelServer] = {}
        self.stores: dict[str, RedisStore] = {}
        self._disks: dict[tuple[str, str], ModelFolder] = {}
        self._directory = TemporaryDirectory(prefix="nodes-")
        self._lives = 0
        for number in range(plan.crowd):
            self._fill(b"crowd %d" % number)

    def open(self, node: Node) -> RedisStore:
        """The store of a new life of ``node``."""
        self._lives += 1
        way = ModelServer(
            self.redis, node.reactor, wait_replicas=self._plan.replicas, delay=self._delay
        )
        store = RedisStore(
            node.reactor,
            Path(self._directory.name) / str(self._lives),
            [way],
            PREFIX,
            f"{node.name}.{self._lives}".encode(),
            Limits(return_paths_in_memory=self._plan.memory, return_path_ttl=LIFETIME),
            workers=inline_workers(),
            settings=self._settings_of(node.name),
            answered=ANSWERED,
        )
        if self._plan.crowd:
            store._presence._most_queues = 1
        self.ways[node.name], self.stores[node.name] = way, store
        return store

    def crashed(self, node: Node) -> None:
        """The process of ``node`` is gone; its disk is as it has left it."""
        self.ways[node.name].die(self._chance.randint(0, MOST_ON_ITS_WAY))
        self._disks = {
            key: disk.crashed() if key[0] == node.name else disk
            for key, disk in self._disks.items()
        }

    def close(self) -> None:
        """Nothing is left of it."""
        self._directory.cleanup()

    def _fill(self, account: bytes) -> None:
        """Let a queue have a message, which no node sends."""
        layout, call = Names(PREFIX.encode()), self.redis.call
        call(b"SADD", layout.queues, account)
        call(b"XADD", layout.messages(account), b"1-0", b"m", b"pdu", b"x", _FAR)
        call(b"ZADD", layout.expiries(account), _FAR, b"1")

    def _delay(self) -> float:
        return self.slowness + self._chance.expovariate(1.0 / self._plan.delay)

    def _settings_of(self, name: str) -> Callable[[Path], Setting]:
        def setting(directory: Path) -> Setting:
            disk = self._disks.setdefault((name, directory.name), ModelFolder())
            return Setting(disk, HereJobs(disk), SIZES)

        return setting


class RedisTrouble:
    """What happens to a Redis.

    - ``frozen``: it does nothing for a while.
    - ``down``: it ends, and is back a moment later with all that it had.
    - ``failover``: it ends, and a moment later its replica takes its place.
    - ``cut``: one node does not reach it for a while.
    - ``slow``: it takes longer to answer, perhaps longer than the nodes have patience.
    - ``full``: it has no more memory.
    - ``replica``: its replica is cut off for a while.

    :param chance: decides what, when and for how long.
    """

    def __init__(self, world: NodesWorld, sharing: RedisSharing, chance: Random) -> None:
        self._world, self._sharing, self._chance = world, sharing, chance
        self._redis = sharing.redis
        self._lag = sharing.redis.lag

    def start(self, rate: float, kinds: tuple[str, ...]) -> None:
        """Let such things happen so often a second."""
        if rate:
            self._world.agenda.call(self._chance.expovariate(rate), self._happen, rate, kinds)

    def calm(self) -> None:
        """All is well from now on."""
        self._redis.thaw()
        self._redis.start()
        self._redis.refuse("")
        self._join_replica()
        self._fast()
        for way in self._sharing.ways.values():
            way.heal()

    def _happen(self, rate: float, kinds: tuple[str, ...]) -> None:
        if not self._world.is_active:
            return
        kind = self._chance.choice(kinds)
        self._world.trace.fault("redis", kind)
        begin: Callable[[], Callable[[], None]] = getattr(self, "_" + kind)
        seconds = self._chance.choice(SECONDS.get(kind, (0.1, 0.6, 2.0, 7.0)))
        seconds *= self._chance.uniform(0.2, 1.0)
        self._world.agenda.call(seconds, self._over, begin())
        self.start(rate, kinds)

    def _over(self, end: Callable[[], None]) -> None:
        if self._world.is_active:
            self._world.trace.add("redis", "is well")
            end()

    # Each begins something, and gives what ends it.

    def _frozen(self) -> Callable[[], None]:
        self._redis.freeze()
        return self._redis.thaw

    def _down(self) -> Callable[[], None]:
        self._redis.stop()
        return self._redis.start

    def _failover(self) -> Callable[[], None]:
        self._redis.stop()
        return self._replace

    def _replace(self) -> None:
        """A replica that is cut off is not chosen."""
        if self._redis.lag < inf:
            self._redis.failover()
        else:
            self._redis.start()

    def _cut(self) -> Callable[[], None]:
        way = self._chance.choice(list(self._sharing.ways.values()))
        way.cut()
        return way.heal

    def _slow(self) -> Callable[[], None]:
        self._sharing.slowness = self._chance.choice((0.05, 0.12, 0.3))
        return self._fast

    def _full(self) -> Callable[[], None]:
        self._redis.refuse()
        return lambda: self._redis.refuse("")

    def _replica(self) -> Callable[[], None]:
        self._redis.cut_replica()
        return self._join_replica

    def _join_replica(self) -> None:
        self._redis.join_replica(self._lag)

    def _fast(self) -> None:
        self._sharing.slowness = 0.0
