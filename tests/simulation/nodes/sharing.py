"""`Sharing`: a master with one store of queues for all nodes, and what each node has to itself.

The nodes are workers then: their `SharedStore` asks the master's `StoreServer` over a pipe, and
their return paths are on disks of their own, which outlive a crash.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from smppgate.workers.control import Control
from smppgate.workers.shared_store import SharedStore
from smppgate.workers.store_server import StoreServer
from tests.simulation.model_store import Disk, ModelStore
from tests.simulation.network import Network
from tests.simulation.reactor import SimulatedReactor
from tests.simulation.scenario import StorePlan
from tests.simulation.sockets import Weather

if TYPE_CHECKING:
    from tests.simulation.nodes.world import Node, NodesWorld

LIFETIME = 3600.0


class _Pipe:
    """One direction of a connection: what goes in comes out a moment later, in order."""

    disconnecting = False

    def __init__(
        self, world: NodesWorld, chance: Random, reactor: SimulatedReactor, delay: float
    ) -> None:
        self._world = world
        self._chance = chance
        self._reactor = reactor
        self._delay = delay
        self._last = 0.0
        self.end: Control | None = None

    def _later(self, what: Callable[[], None]) -> None:
        now = self._world.clock.now
        self._last = max(self._last, now + self._chance.expovariate(1.0) * self._delay)
        self._reactor.callLater(self._last - now, what)

    def write(self, octets: bytes) -> None:
        """Octets of the other end."""
        self._later(lambda: self._arrived(octets))

    def lose(self) -> None:
        """The other end is gone: what it has written comes before that is noticed."""
        self._later(self._lost)

    def loseConnection(self) -> None:
        """The other end has had enough, which it never has while all is well."""
        self._world.violated("a gate or the master ends the connection between them")

    def _arrived(self, octets: bytes) -> None:
        if self.end is not None:
            self.end.dataReceived(octets)

    def _lost(self) -> None:
        if self.end is not None:
            end, self.end = self.end, None
            end.connectionLost(Failure(ConnectionLost()))


class Sharing:
    """The master of one world."""

    def __init__(self, world: NodesWorld, chance: Random) -> None:
        self._world = world
        self._chance = chance
        network = Network(world.agenda, chance, Weather())
        self.reactor = SimulatedReactor(world.clock, network, chance)
        self.reactors = (self.reactor,)
        shared = world.plan.shared
        self._delay = shared.delay if shared is not None else 0.0005
        delay = chance.choice((0.0005, 0.0005, 0.02))
        self.queues = self._store(self.reactor, Disk(), StorePlan(delay=delay))
        self._server = StoreServer(self.queues)
        self.places = self._server.places
        self._disks: dict[str, Disk] = {}
        self._to_master: dict[str, _Pipe] = {}

    def open(self, node: Node) -> SharedStore:
        """The store of a new life of ``node``."""
        disk = self._disks.setdefault(node.name, Disk())
        paths = self._store(node.reactor, disk, StorePlan(at_once=True))
        shared = SharedStore(paths)
        to_node = _Pipe(self._world, self._chance, node.reactor, self._delay)
        to_master = _Pipe(self._world, self._chance, self.reactor, self._delay)
        to_node.end = Control([shared], lambda: None)
        to_master.end = Control([self._server.responders()], lambda: None)
        to_node.end.makeConnection(to_master)
        to_master.end.makeConnection(to_node)
        self._to_master[node.name] = to_master
        return shared

    def crashed(self, node: Node) -> None:
        """The process of ``node`` is gone."""
        self._to_master[node.name].lose()

    def _store(self, reactor: SimulatedReactor, disk: Disk, plan: StorePlan) -> ModelStore:
        world = self._world
        return ModelStore(
            reactor, disk, plan, LIFETIME, self._chance, world.trace, lambda is_now: None
        )
