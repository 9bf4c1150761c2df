"""`Nodes`: several nodes that have places and limits in one `ModelRedis`, for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred

from smppgate.store.interface import LEAST_PART
from smppgate.store.redis.names import Names
from smppgate.store.redis.places import RedisPlaces
from smppgate.store.redis.presence import Presence
from smppgate.store.redis.quota import RedisQuota
from smppgate.store.redis.slots import Slots
from smppgate.txsmpp.clock import Clock
from tests.store.fakes import BEGUN, clock_at
from tests.store.redis.model import ModelRedis, ModelServer

NAMES = Names(b"gate:")
SETTLED = 2.6
"""Seconds after which a server that had nothing knows all nodes."""
TOLD = 0.5
"""Seconds after which a server that answers again was told of all."""


class Node:
    """One node.

    :ivar parts: what it uses of each limit.
    :ivar alone: limits of which it uses what no server has given it.
    :ivar full: accounts that it was told of.
    :ivar known_at: when the server last answered it.
    """

    def __init__(self, nodes: Nodes, name: str, wait_replicas: int, delay: float) -> None:
        clock = Clock.of(nodes.clock)
        self.name = name
        self.server = ModelServer(
            nodes.redis, nodes.clock, wait_replicas=wait_replicas, delay=lambda: delay
        )
        slots = Slots([self.server])
        self.looks = Presence(clock, slots, NAMES, name.encode())
        self.places = RedisPlaces(slots, NAMES, name.encode(), self.looks)
        self.quota = RedisQuota(clock, slots, NAMES, name.encode())
        self.full: list[bytes] = []
        self.parts: dict[str, int] = {}
        self.alone: set[str] = set()
        self.known_at = 0.0
        self._nodes = nodes
        self.places.tell_full(self.full.append)
        self.quota.tell_leased(self._leased)
        self.looks.follow(self._known)
        self.server.follow(self._turned)
        # At other moments than the others.
        self._starting = nodes.clock.callLater(nodes.made * 0.15 % 0.5, self._start)

    def admit(self, account: bytes, limit: int) -> list[bool]:
        """A list that has the answer when it comes."""
        answers: list[bool] = []
        self.places.admit(account, limit).addCallback(answers.append)
        return answers

    def take_slot(self, smsc: str, limit: int) -> list[object]:
        """A list that has the answer, or the failure, when it comes."""
        answers: list[object] = []
        asking: Deferred[Any] = self.places.take_slot(smsc, limit)
        asking.addBoth(answers.append)
        return answers

    def lease(self, name: str, wish: int) -> None:
        """Wish for a part of ``name``."""
        if wish:
            self.parts.setdefault(name, LEAST_PART)
        else:
            self.parts.pop(name, None)
        self.quota.lease({name: wish})

    def die(self) -> None:
        """What the node has asked for is still done; it asks for nothing more."""
        if self._starting.active():
            self._starting.cancel()
            self.server.close()
        else:
            # It cannot say goodbye.
            self.server.close()
            self.looks.stop()
            self.quota.stop()

    def _start(self) -> None:
        self.looks.start()
        self.quota.start()

    def _turned(self) -> None:
        if self.server.is_up:
            self._nodes.clock.callLater(TOLD, self._has_told)

    def _has_told(self) -> None:
        if self.server.is_up:
            self.alone.clear()

    def _known(self, *_: object) -> None:
        self.known_at = self._nodes.clock.seconds()

    def _leased(self, parts: Mapping[str, int]) -> None:
        if not self.server.is_up:
            self.alone |= parts.keys()
        # Of those that it does not use it uses the least part, see `IQuota.lease`.
        self.parts |= {name: part for name, part in parts.items() if name in self.parts}


class Nodes:
    """Nodes that share a server."""

    def __init__(self, count: int, replicas: int = 0, lag: float = 0.0) -> None:
        self.clock = clock_at(BEGUN)
        self.redis = ModelRedis(self.clock.seconds, replicas, lag)
        self._replicas = replicas
        self.made = 0
        self.nodes: list[Node] = []
        for _ in range(count):
            self.join()

    def join(self, delay: float = 0.0005) -> Node:
        """One node more, so many seconds from the server."""
        self.made += 1
        node = Node(self, f"n{self.made}", self._replicas, delay)
        self.nodes.append(node)
        return node

    def die(self, node: Node) -> None:
        """One node less."""
        self.nodes.remove(node)
        node.die()

    def fail_over(self, near: Node) -> None:
        """The replica becomes the master, and ``near`` reaches it as the first."""
        self.redis.failover()
        self.until(lambda: near.server.is_up)
        assert not any(node.server.is_up for node in self.nodes if node is not near)

    def until(self, condition: Callable[[], object]) -> None:
        """Let time pass, not longer than necessary."""
        for _ in range(10_000):
            if condition():
                return
            self.clock.advance(0.001)
        raise AssertionError("what is waited for does not come")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / 0.02)):
            self.clock.advance(0.02)
