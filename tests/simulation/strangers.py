"""Strangers: peers that no account knows, and that connect to the gate all the same.

They say nothing, or half a bind, or bind with a name that nobody has, from a few hosts of their
own. What the gate lets them do must hold at each step; when the world calms down they are gone.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from tests.simulation import wire
from tests.simulation.clock import NEVER
from tests.simulation.scenario import ESME_PORT
from tests.simulation.sockets import ModelEnd

if TYPE_CHECKING:
    from tests.simulation.world import World

_HOSTS, _RATE, _MOST = 3, 4.0, 40

_REFUSED = 1.0
"""Seconds in which a connection that is not taken has been closed."""


class Stranger:
    """One connection."""

    def __init__(self, world: World, name: str, host: str, chance: Random) -> None:
        self._world = world
        self._name = name
        self.host = host
        self._connected_at = NEVER
        self._chance = chance
        self._end: ModelEnd | None = None
        self._framer = wire.Framer()
        self.is_over = False

    def connected(self, end: ModelEnd | None) -> None:
        """Say something, or nothing."""
        if end is None or self.is_over:
            self.is_over = True
            return
        self._end, self._connected_at = end, self._world.clock.now
        end.owner = self
        bind = wire.pdu(wire.BIND_TRX, 0, 1, wire.bind("stranger", "guess"))
        said = self._chance.choice((b"", b"", bind[:20], bind, bind))
        self._world.trace.add(self._name, "says", f"{len(said)} octets")
        end.write(said)
        self._world.agenda.call(self._chance.expovariate(0.1), self.leave)

    def has_stayed(self, by: float) -> bool:
        """Whether the gate has had its connection open since then at the latest."""
        if self._end is None or self._connected_at > by or self.is_over:
            return False
        # The end may be under way.
        gate_end = self._end.gate_end
        return gate_end is not None and not gate_end.is_closed

    def received(self, octets: bytes) -> None:
        """The gate answers: with a refusal, whatever it is."""
        for pdu in self._framer.feed(octets):
            if pdu.command == wire.BIND_TRX | wire.RESP and not pdu.status:
                self._world.violated(f"{self._name}: a stranger is bound: {pdu}")

    def ended(self, how: str) -> None:
        """The gate has closed the connection."""
        self._world.trace.add(self._name, "sees the connection", how)
        self.is_over = True

    def leave(self) -> None:
        """Hang up."""
        if self._end is not None and not self.is_over:
            self._end.reset()
        self.is_over = True


class Strangers:
    """All of them.

    :param world: has none where its plan has none.
    """

    def __init__(self, world: World, chance: Random) -> None:
        self._world = world
        self._chance = chance
        self._here: list[Stranger] = []
        self._serial = 0
        self._is_calm = not world.plan.strangers

    def start(self) -> None:
        """Come, one after the other, and all at once now and then."""
        if not self._is_calm:
            self._world.agenda.call(self._chance.expovariate(_RATE), self._come)

    def calm(self) -> None:
        """All go, and none comes back."""
        self._is_calm = True
        for each in self._here:
            each.leave()

    def over_limit(self) -> str | None:
        """What a listener lets be open and should not; None as it should be."""
        plan = self._world.plan
        if not plan.strangers or not plan.per_address:
            return None
        by = self._world.clock.now - _REFUSED
        counts = Counter(each.host for each in self._here if each.has_stayed(by))
        over = (f"{n} from {host}" for host, n in counts.items() if n > plan.per_address)
        return next(over, None)

    def _come(self) -> None:
        self.start()
        self._here = [each for each in self._here if not each.is_over]
        if self._is_calm or not self._world.is_up:
            return
        for _ in range(self._chance.choice((1, 1, 1, 6))):
            if len(self._here) < _MOST:
                self._connect(f"10.3.0.{self._chance.randrange(_HOSTS)}")

    def _connect(self, host: str) -> None:
        self._serial += 1
        name = f"stranger.{self._serial}"
        stranger = Stranger(self._world, name, host, self._chance)
        self._here.append(stranger)
        self._world.network.connect(host, ESME_PORT, stranger.connected)
