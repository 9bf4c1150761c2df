"""`Wires`: what joins the networks of the nodes, and what goes over it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.simulation import wire
from tests.simulation.sockets import ModelEnd

if TYPE_CHECKING:
    from tests.simulation.nodes.world import NodesWorld


class _Half:
    """One end of a wire, as the network of its node sees it."""

    def __init__(self, joint: Joint, source: str, target: str) -> None:
        self._joint = joint
        self._framer = wire.Framer()
        self.source, self.target = source, target
        self.end: ModelEnd | None = None
        self.waiting = bytearray()

    def received(self, octets: bytes) -> None:
        """The node at this end has sent something."""
        for pdu in self._framer.feed(octets):
            self._joint.world.hopped(self.source, self.target, pdu)
        self.waiting += octets
        self._joint.pass_on()

    def ended(self, how: str) -> None:
        """The node at this end has closed or reset the connection."""
        self._joint.end(how)


class Joint:
    """A connection from one node to another."""

    def __init__(self, world: NodesWorld, source: str, target: str, end: ModelEnd) -> None:
        self.world = world
        self.halves = (_Half(self, source, target), _Half(self, target, source))
        self.is_over = False
        self._frozen_until = 0.0
        self._attach(self.halves[0], end)
        target_node = world.nodes[target]
        target_node.network.connect(world.nodes[source].host, target_node.peer_port, self._reached)

    def _attach(self, half: _Half, end: ModelEnd) -> None:
        half.end, end.owner = end, half

    def _reached(self, end: ModelEnd | None) -> None:
        if end is None or self.is_over:
            if end is not None:
                end.reset()
            self.end("reset")
            return
        self._attach(self.halves[1], end)
        self.pass_on()

    def freeze(self, seconds: float) -> None:
        """Nothing passes for so long; then all of it does."""
        self._frozen_until = max(self._frozen_until, self.world.clock.now + seconds)
        self.world.agenda.call(seconds, self.pass_on)

    def pass_on(self) -> None:
        """Give each end what the other one has sent."""
        if self.is_over or self.world.clock.now < self._frozen_until:
            return
        for half, other in (self.halves, self.halves[::-1]):
            if half.waiting and other.end is not None:
                octets, half.waiting = bytes(half.waiting), bytearray()
                other.end.write(octets)

    def end(self, how: str) -> None:
        """It is over at both ends."""
        if self.is_over:
            return
        if how == "closed":
            # What was sent in front of the end comes still.
            self._frozen_until = 0.0
            self.pass_on()
        self.is_over = True
        for half in self.halves:
            if half.end is not None:
                (half.end.close if how == "closed" else half.end.reset)()


class Wires:
    """All connections between nodes, and what happens to them.

    :param chance: decides what.
    """

    def __init__(self, world: NodesWorld, chance: Random) -> None:
        self._world = world
        self._chance = chance
        self._joints: list[Joint] = []
        self._cut_until: dict[frozenset[str], float] = {}

    def accept(self, source: str, target: str, end: ModelEnd) -> bool:
        """A node connects to another; gives whether that can be reached."""
        if self._cut_until.get(frozenset((source, target)), 0.0) > self._world.clock.now:
            return False
        self._joints = [joint for joint in self._joints if not joint.is_over]
        self._joints.append(Joint(self._world, source, target, end))
        return True

    def start(self, rate: float, kinds: tuple[str, ...]) -> None:
        """Let such things happen so often a second."""
        if rate and kinds:
            self._world.agenda.call(self._chance.expovariate(rate), self._trouble, rate, kinds)

    def _trouble(self, rate: float, kinds: tuple[str, ...]) -> None:
        if not self._world.is_active:
            return
        kind = self._chance.choice(kinds)
        live = [joint for joint in self._joints if not joint.is_over]
        if live:
            joint = self._chance.choice(live)
            self._world.trace.fault("wires", kind, joint.halves[0].source)
            if kind == "cut":
                joint.end("reset")
            elif kind == "frozen":
                joint.freeze(self._chance.choice((0.2, 1.5, 6.0)) * self._chance.random())
            else:
                self._part(joint)
        self.start(rate, kinds)

    def _part(self, joint: Joint) -> None:
        """Two nodes do not reach each other for a while, either way."""
        both = frozenset((joint.halves[0].source, joint.halves[0].target))
        self._cut_until[both] = self._world.clock.now + 5.0 * self._chance.random()
        for each in self._joints:
            if frozenset((each.halves[0].source, each.halves[0].target)) == both:
                each.end("reset")

    def calm(self) -> None:
        """Nothing happens any more."""
        self._cut_until.clear()
