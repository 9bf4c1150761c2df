"""`Cluster`: nodes, Redis, HAProxy before them, and all who are connected to them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import monotonic

from attrs import frozen

from benchmarks.cluster.books import Books
from benchmarks.cluster.esme import Seat
from benchmarks.cluster.node import NAMES, Node, Surroundings
from benchmarks.cluster.redis_servers import RedisServers
from benchmarks.cluster.relays import Relay
from benchmarks.cluster.smsc import ABSENT, PREFIXES, SteadySmsc
from benchmarks.loop import Loop
from benchmarks.process import ProgramError

SMSCS = ("s1", "s2")
_SESSIONS_EACH = 3
"""Of each account that is there all the time: one for each node, if HAProxy has it so."""

_PUSHES = 20.0
"""Messages a second that each SMSC sends to the account that is away."""

_ABSENT_LATENCY = 0.1
"""Seconds that this account takes over each: its queue is not empty at once."""

_NAP_SECONDS = 0.0005
_LOOK_SECONDS = 0.3
"""Between two looks whether all is there."""


@frozen
class Plan:
    """How a cluster is set up.

    :ivar rate: messages a second of all ESMEs together.
    :ivar is_shared: whether the nodes share a Redis.
    """

    rate: float
    seed: int
    is_shared: bool


class Cluster:
    """All of it. Mutable.

    :ivar nodes: those that are killed; ``redis``: None where each has a store of its own.
    :ivar between: what is between the first two nodes; ``front``: the port of HAProxy.
    :ivar absent: the session of the account that is away most of the time.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._loop = Loop()
        self._books = Books()
        chance = Random(plan.seed)
        self._smscs = [SteadySmsc(self._loop, name, chance, self._books) for name in SMSCS]
        self._redis = RedisServers(folder) if plan.is_shared else None
        self.nodes = [Node(name, folder / name) for name in NAMES]
        first, second, _ = self.nodes
        ways = [[first.peer_port], [second.peer_port]]
        self.between = Relay(folder, "between", ways, checked=False)
        self._balancer = Relay(
            folder, "balancer", [[node.port for node in self.nodes]], checked=True
        )
        accounts = [name for name in PREFIXES if name != ABSENT] * _SESSIONS_EACH
        each = plan.rate / len(accounts)
        self._seats = [self._seat(name, each) for name in accounts]
        self.absent = self._seat(ABSENT, 0.0)
        self.absent.is_wanted = False
        self.absent.latency = _ABSENT_LATENCY

    @property
    def front(self) -> int:
        """Where ESMEs bind."""
        return self._balancer.ports[0]

    @property
    def redis(self) -> RedisServers:
        """What the nodes share; raises ProgramError where they do not."""
        if self._redis is None:
            raise ProgramError("these nodes share no Redis")
        return self._redis

    def start(self, seconds: float) -> None:
        """Start everything; raises ProgramError where it does not get to work in time."""
        self._balancer.start()
        self.between.start()
        if self._redis is not None:
            self._start_redis(self._redis, seconds)
        ports = self._redis.sentinel_ports if self._redis is not None else []
        around = Surroundings({smsc.name: smsc.port for smsc in self._smscs}, ports)
        for node in self.nodes:
            node.configure(around, self._peers_of(node))
            node.start()
        self.recover(seconds)

    def begin(self) -> Books:
        """Send at a steady rate; what becomes of it is written into books of its own."""
        self._books = Books(self._books)
        for seat in (*self._seats, self.absent):
            seat.books, seat.is_sending = self._books, True
        for smsc in self._smscs:
            smsc.books, smsc.pushes = self._books, _PUSHES
        return self._books

    def end(self, seconds: float) -> None:
        """Send no more, and wait until all has come that has to, at most so long."""
        for seat in self._seats:
            seat.is_sending = False
        for smsc in self._smscs:
            smsc.pushes = 0.0
        self.absent.is_wanted, self.absent.port = True, self.front
        self._until(self._books.is_settled, seconds)
        # What came twice comes soon.
        self.run(2.0)
        self.absent.leave()
        self.run(0.5)
        for smsc in self._smscs:
            smsc.forget()

    def run(self, seconds: float) -> None:
        """Go on for so long."""
        self._loop.run(seconds, self._turn, _NAP_SECONDS)

    def recover(self, seconds: float) -> None:
        """Wait until all is there; raises ProgramError where it is not in time."""
        if not self._until(lambda: not self._missing(), seconds):
            raise ProgramError(f"after {seconds:.0f} s there is still missing: {self._missing()}")
        self._spread(seconds)

    def unhandled(self) -> int:
        """How many errors that nothing has handled stand in the logs of nodes."""
        return sum(node.unhandled() for node in self.nodes)

    def close(self) -> None:
        """End all of it."""
        for part in (*self.nodes, self._balancer, self.between, self._redis):
            if part is not None:
                part.kill()
        for seat in (*self._seats, self.absent):
            seat.close()
        for smsc in self._smscs:
            smsc.close()
        self._loop.close()

    def _seat(self, account: str, rate: float) -> Seat:
        return Seat(self._loop, account, self.front, rate, self._books)

    def _peers_of(self, node: Node) -> dict[str, int]:
        first, second, _ = self.nodes
        peers = {each.name: each.peer_port for each in self.nodes if each is not node}
        if node is first:
            peers[second.name] = self.between.ports[1]
        if node is second:
            peers[first.name] = self.between.ports[0]
        return peers

    def _start_redis(self, redis: RedisServers, seconds: float) -> None:
        redis.start()
        if not self._until(lambda: redis.servers[0].has_replica, seconds):
            raise ProgramError("Redis and its replica do not start")
        redis.watch()
        if not self._until(lambda: redis.is_watched, seconds):
            raise ProgramError("Sentinels do not start")

    def _missing(self) -> list[str]:
        """What is not at work, one after the other: a look at each takes time."""
        for node in self.nodes:
            if said := node.has_ended:
                raise ProgramError(f"node {node.name} has ended by itself: {said}")
        return next(self._missing_parts(), [])

    def _missing_parts(self) -> Iterator[list[str]]:
        if self._redis is not None and not self._redis.is_whole:
            yield ["a Redis with its replica"]
        if nodes := [node.name for node in self.nodes if not node.is_ready]:
            yield [f"node {name} with its peers" for name in nodes]
        if smscs := [each.name for each in self._smscs if each.bound < len(self.nodes)]:
            yield [f"links of SMSC {name}" for name in smscs]

    def _spread(self, seconds: float) -> None:
        """Let all ESMEs come anew: those of a node that was away are all at the others."""
        # HAProxy looks twice a second what is there.
        self.run(1.0)
        for seat in self._seats:
            seat.close()
        if not self._until(lambda: all(seat.is_bound for seat in self._seats), seconds):
            raise ProgramError(f"after {seconds:.0f} s there are ESMEs that are not bound")

    def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        end = monotonic() + seconds
        while not condition():
            if monotonic() > end:
                return False
            self.run(_LOOK_SECONDS)
        return True

    def _turn(self) -> None:
        now = monotonic()
        for smsc in self._smscs:
            smsc.turn(now)
        for seat in self._seats:
            seat.turn(now)
        self.absent.turn(now)


@contextlib.contextmanager
def running(folder: Path, plan: Plan, seconds: float) -> Iterator[Cluster]:
    """A cluster that serves; ended when the block is left."""
    cluster = Cluster(folder, plan)
    try:
        cluster.start(seconds)
        yield cluster
    finally:
        cluster.close()
