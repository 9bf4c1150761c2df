"""Nodes that share the queues of one model of Redis, and do with them what a gate does."""

from __future__ import annotations

from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock as FakeClock

from smppgate.store import Enqueued, NewMessage, QueuedMessage
from smppgate.store.redis.names import Names
from smppgate.store.redis.presence import MOST_QUEUES, Presence
from smppgate.store.redis.queues import RedisQueues
from smppgate.store.redis.slots import Slots
from smppgate.txsmpp.clock import Clock
from tests.store.fakes import BEGUN, Watcher, clock_at, result_of
from tests.store.redis.model import ModelRedis, ModelServer

T = TypeVar("T")

ONE = b"one"
NAMES = Names(b"t:")


class Node:
    """One node's queues."""

    def __init__(
        self,
        name: bytes,
        redis: ModelRedis,
        clock: FakeClock,
        replicas: int = 0,
        most_queues: int = MOST_QUEUES,
    ) -> None:
        self.name = name
        self.server = ModelServer(redis, clock, wait_replicas=replicas)
        self.expired: list[tuple[bytes, QueuedMessage]] = []
        slots = Slots([self.server])
        self.presence = Presence(Clock.of(clock), slots, NAMES, name, most_queues)
        self.queues = RedisQueues(Clock.of(clock), slots, NAMES, self.presence)
        self.queues.tell_expired(lambda account, it: self.expired.append((account, it)))
        self.presence.start()

    def watching(self, account: bytes = ONE, rank: int | None = None) -> Watcher:
        """What it hears of a queue from now on, which it asks for with ``rank``."""
        watcher = Watcher()
        self.queues.watch(account, watcher)
        if rank is not None:
            self.queues.claim(account, rank)
        return watcher

    def die(self) -> None:
        """End at once, as ``kill -9`` does."""
        self.queues.stop()
        self.presence.stop()
        self.server.close()


class Site:
    """A model of Redis, and nodes.

    :param most_queues: of which a look tells.
    """

    def __init__(
        self,
        nodes: int = 2,
        replicas: int = 0,
        lag: float = 0.0,
        most_queues: int = MOST_QUEUES,
    ) -> None:
        self.clock = clock_at(BEGUN)
        self.redis = ModelRedis(self.clock.seconds, replicas, lag)
        self.replicas = replicas
        self.most_queues = most_queues
        self.sent = 0
        self.nodes: list[Node] = []
        for _ in range(nodes):
            self.join()
        self.pass_by(0.1)

    def join(self) -> Node:
        """One more."""
        name = b"node %d" % len(self.nodes)
        node = Node(name, self.redis, self.clock, self.replicas, self.most_queues)
        self.nodes.append(node)
        return node

    def pass_by(self, seconds: float) -> None:
        self.clock.pump([0.01] * round(100 * seconds))

    def wait(self, deferred: Deferred[T], seconds: float = 0.3) -> T:
        self.pass_by(seconds)
        return result_of(deferred)

    def put(
        self, node: Node, *accounts: bytes, limit: int = 100, ttl: float = 1000.0
    ) -> list[Enqueued]:
        """Messages of which each is told from all others by its number."""
        expires = self.clock.seconds() + ttl
        new = []
        for account in accounts:
            self.sent += 1
            new.append(NewMessage(account, b"%d" % self.sent, expires, limit))
        return self.wait(node.queues.enqueue(new))

    def contend(self, rank: int, others: int, count: int = 1) -> tuple[Watcher, Watcher]:
        """What the first node hears of a queue that it has, and the second that waits for it.

        :param count: of the messages in the queue.
        """
        first, second = self.nodes
        heard = first.watching(rank=rank)
        self.put(first, *[ONE] * count)
        other = second.watching(rank=others)
        self.pass_by(1.2)
        return heard, other

    def read(self, node: Node, account: bytes = ONE) -> list[QueuedMessage]:
        return self.wait(node.queues.queued(account, 0, 100))

    def texts(self, node: Node, account: bytes = ONE) -> list[int]:
        return [int(it.pdu) for it in self.read(node, account)]

    def remove(self, node: Node, *messages: QueuedMessage, account: bytes = ONE) -> None:
        self.wait(node.queues.remove(account, [it.number for it in messages]))

    def claim(self, account: bytes = ONE) -> dict[bytes, Any]:
        """What the master knows of the claim."""
        words = self.redis.call(b"HGETALL", NAMES.claim(account))
        return dict(zip(words[::2], words[1::2], strict=True))
