"""Connections in memory: octets arrive as they were sent, whatever the weather."""

from __future__ import annotations

import socket
from random import Random

import pytest

from tests.simulation.clock import NEVER, Agenda, WorldClock
from tests.simulation.network import Network
from tests.simulation.sockets import NOWHERE, GateSocket, ModelEnd, Stream, Weather

ROUGH = Weather(jitter=0.05, cuts=0.9, crumbs=0.5, stalls=0.2, capacity=300)


class Model:
    """Notes what comes."""

    def __init__(self) -> None:
        self.octets = b""
        self.how = ""

    def received(self, octets: bytes) -> None:
        self.octets += octets

    def ended(self, how: str) -> None:
        assert not self.how, "told twice"
        self.how = how


class Pair:
    """Both ends of one connection."""

    def __init__(self, weather: Weather = ROUGH) -> None:
        self.clock = WorldClock()
        self.agenda = Agenda(self.clock)
        self.network = Network(self.agenda, Random(1), weather)
        self.model = Model()
        self.accepted: list[GateSocket] = []
        self.network.listen(2775, self)
        self.network.connect("10.1.0.1", 2775, self._made)
        self.run()
        (self.gate,) = self.accepted

    def accept(self, skt: GateSocket) -> None:
        self.accepted.append(skt)

    def _made(self, end: ModelEnd | None) -> None:
        assert end is not None
        self.end = end
        end.owner = self.model

    def run(self) -> None:
        while (time := self.agenda.next()) < NEVER:
            self.clock.advance_to(time)
            self.agenda.run_due()

    def write(self, octets: bytes) -> None:
        """From the gate, as Twisted does."""
        while octets:
            try:
                octets = octets[self.gate.send(memoryview(octets)) :]
            except BlockingIOError:
                self.run()

    def read(self) -> bytes:
        """At the gate."""
        octets = b""
        while self.gate.is_readable and (piece := self.gate.recv(100)):
            octets += piece
            self.run()
        return octets


OCTETS = bytes(range(256)) * 4


def test_octets_arrive_in_order() -> None:
    """Cut, delayed, held up and with little room on the way, in both directions."""
    pair = Pair()
    pair.write(OCTETS)
    pair.end.write(OCTETS)
    pair.run()
    assert pair.model.octets == OCTETS
    assert pair.read() == OCTETS


def test_what_a_model_does_not_read_waits() -> None:
    """And then there is no room for more."""
    pair = Pair()
    pair.end.reads = False
    sent = pair.gate.send(memoryview(OCTETS))
    pair.run()
    assert sent == ROUGH.capacity
    assert not pair.gate.is_writable
    with pytest.raises(BlockingIOError):
        pair.gate.send(memoryview(b"more"))
    pair.end.read_on()
    pair.run()
    assert pair.gate.is_writable
    assert pair.model.octets == OCTETS[:sent]


def test_a_half_close_comes_behind_the_octets() -> None:
    """The other direction goes on."""
    pair = Pair(Weather())
    pair.end.write(OCTETS)
    pair.end.finish()
    assert pair.end.write(b"too late") == NOWHERE
    pair.run()
    assert pair.read() == OCTETS
    assert pair.gate.recv(100) == b""
    pair.write(b"still there")
    pair.run()
    assert pair.model.octets == b"still there"


def test_a_reset_is_known_to_the_other_end() -> None:
    """It can neither read nor write any more."""
    pair = Pair(Weather())
    pair.end.reset()
    pair.run()
    assert pair.gate.is_readable
    with pytest.raises(OSError, match="reset"):
        pair.gate.recv(100)
    with pytest.raises(OSError, match="reset"):
        pair.gate.send(memoryview(b"x"))


def test_the_gate_closes_in_order_or_with_a_reset() -> None:
    """With SO_LINGER, as Twisted aborts a connection, what is under way is lost."""
    pair = Pair(Weather())
    pair.write(b"last words")
    pair.gate.close()
    pair.run()
    assert (pair.model.octets, pair.model.how) == (b"last words", "closed")
    pair = Pair(Weather())
    pair.write(b"last words")
    pair.gate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"")
    pair.gate.close()
    pair.run()
    assert (pair.model.octets, pair.model.how) == (b"", "reset")


def test_octets_that_nobody_reads_reset_the_connection() -> None:
    """As with a real one that is closed with octets unread."""
    pair = Pair(Weather())
    pair.end.write(b"unread")
    pair.run()
    pair.gate.close()
    pair.run()
    assert pair.model.how == "reset"


def test_octets_that_come_to_a_closed_connection_reset_it() -> None:
    """Behind what was sent before, which takes its time."""
    pair = Pair(Weather(latency=1.0, jitter=0.0))
    pair.end.write(b"under way")
    pair.clock.advance_to(pair.clock.now + 0.9)
    pair.write(b"last words")
    pair.gate.close()
    pair.run()
    assert pair.model.octets == b"last words"
    assert pair.model.how == "closed"


def test_a_stream_tells_when_octets_were_put_in_and_taken_out() -> None:
    """What the invariants are judged by."""
    clock = WorldClock()
    plan = Agenda(clock)
    stream = Stream(plan, Random(1), Weather())
    stream.put(b"12345")
    clock.advance_to(1.0)
    plan.run_due()
    stream.put(b"67")
    assert (stream.put_at(5), stream.put_at(6)) == (0.0, 1.0)
    assert stream.read_at(5) is None
    stream.take(5)
    assert (stream.read_at(5), stream.read_at(6)) == (1.0, None)


def test_the_model_knows_all_when_nothing_is_under_way() -> None:
    pair = Pair()
    assert pair.end.knows_all
    pair.gate.send(memoryview(b"octets"))
    assert not pair.end.knows_all
    pair.run()
    assert pair.end.knows_all
    pair.gate.close()
    assert not pair.end.knows_all


def test_behind_what_had_to_wait_there_may_be_more() -> None:
    pair = Pair(Weather(capacity=10))
    pair.write(b"x" * 11)
    pair.run()
    assert pair.model.octets == b"x" * 11
    assert not pair.end.knows_all


def test_what_waits_for_room_goes_on_when_the_weather_becomes_good() -> None:
    pair = Pair(Weather(capacity=10))
    pair.end.write(b"twice as much as there is room for")
    pair.run()
    pair.network.calm()
    pair.run()
    assert pair.gate.recv(100) == b"twice as much as there is room for"
