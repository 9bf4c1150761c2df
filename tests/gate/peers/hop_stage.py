"""Two gates that are peers, for scripts: ESMEs bind at one, and the other has the links."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from smppgate.gate.lane.in_turn import nothing_is_plain
from tests.gate.lane.scripts import Reloads, Terms
from tests.gate.lane.stages import Stage
from tests.gate.memory_gateway import End, MemoryGateway
from tests.gate.peers.scripted import OTHERS, PEERS

PORTS = {"a": 2790, "b": 2791}


class HopStage(Stage):
    """Node a, where the ESMEs bind, and node b, which has a link to each SMSC."""

    def __init__(self, terms: Terms, has_lane: bool) -> None:
        self.wires: list[tuple[End, End]] = []
        self._taken: dict[MemoryGateway, int] = {}
        super().__init__(terms, has_lane)

    def _made(self) -> MemoryGateway:
        peers = evolve(PEERS, name="b", endpoint=f"tcp:{PORTS['b']}")
        self.far = self._gate(peers=peers, peer=OTHERS)
        return self._gate(sessions=0, peers=PEERS, peer=OTHERS)

    @property
    def gates(self) -> tuple[MemoryGateway, MemoryGateway]:
        """Nodes a and b."""
        return self.gate, self.far

    def _close_lane(self) -> None:
        for gate in self.gates:
            gate.router.relay_from_esme = gate.router.relay_from_smsc = nothing_is_plain
            peers = gate.gateway.parts.peers
            peers.relay_submits = peers.relay_answers = nothing_is_plain

    def _bind(self, at: int) -> End:
        end = super()._bind(at)
        # Both nodes know of it before anything else is sent.
        self.dial()
        return end

    def dial(self) -> None:
        """SMSCs and nodes take the connections that were made, and hear what was sent."""
        while any([self._has_dialled(), self._has_carried()]):
            pass

    def _has_dialled(self) -> bool:
        made = list(self._connections())
        for end, port in made:
            if port in PORTS.values():
                self.wires.append((end, self._door(port)))
            else:
                self.join(end)
        return bool(made)

    def _connections(self) -> Iterator[tuple[End, int]]:
        """Those that are new, and to which port."""
        for gate in self.gates:
            clients = gate.reactor.tcpClients
            for at in range(self._taken.get(gate, 0), len(clients)):
                self._taken[gate] = at + 1
                yield gate.smsc(at), clients[at][1]

    def _door(self, port: int) -> End:
        """The other end of a connection between the nodes."""
        gate = self.gate if port == PORTS["a"] else self.far
        factory = next(each[1] for each in gate.reactor.tcpServers if each[0] == port)
        return End(gate, factory.buildProtocol(None))

    def _has_carried(self) -> bool:
        for gate in self.gates:
            gate.turn()
        self.wires = [pair for pair in self.wires if not all(end.is_closed() for end in pair)]
        ways = [way for pair in self.wires for way in (pair, pair[::-1])]
        carried = [_is_carried(end, other) for end, other in ways]
        return any(carried)

    def lose(self, side: str, at: int) -> None:
        """A connection is lost, perhaps one between the nodes."""
        if side != "peer":
            super().lose(side, at)
        elif self.wires:
            self.wires[at % len(self.wires)][0].transport.lose()

    def reload(self, step: Reloads) -> None:
        """Change the settings of both."""
        for gate in self.gates:
            self._reload(gate, step)
            gate.turn()

    def advance(self, seconds: float) -> None:
        """Let time pass at both."""
        for gate in self.gates:
            gate.reactor.advance(seconds)

    def counts(self) -> tuple[object, ...]:
        """What both count of the SMSC, and of each other."""
        return tuple(count for gate in self.gates for count in _counts(gate))


def _is_carried(end: End, other: End) -> bool:
    """Whether one end of a wire had something for the other."""
    octets = end.transport.take()
    if octets and not other.is_closed():
        other.transport.deliver(octets)
    if not end.is_closed() or other.is_closed():
        return bool(octets)
    other.transport.lose()
    return True


def _counts(gate: MemoryGateway) -> Iterator[object]:
    for smsc in gate.router.smscs:
        yield smsc.outstanding, smsc.overdue, smsc.taken, smsc.refused, smsc.timed_out, smsc.lost
        yield dict(smsc.for_others)
        yield [(len(each.outstanding), each.window, each._taken) for each in smsc.remote]
    for node in gate.gateway.parts.peers.nodes.values():
        counts = node.counts
        yield counts.sent, counts.taken, counts.returned
        yield [session.unanswered for session in node.sessions()]
    events = gate.router.events
    yield events.answered, events.failed, events.late, events.retried, events.strays
