"""Plain sockets that are read together are read, paused and closed as Twisted does it alone."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.sockets import LOOK, SPELL, Sockets


class Session(Protocol):
    """Keeps what it reads, and owes as many writes; ``reacts`` is called after each read."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.is_quiet = False
        self.read = b""
        self.writes: list[int] = []
        self.unwritten = 0
        self.ended: Failure | None = None
        self.reacts: Callable[[], object] = lambda: None

    def dataReceived(self, data: bytes) -> None:
        self.batch.open()
        try:
            self.read += data
            self.owe()
            self.reacts()
        finally:
            self.batch.close()

    def owe(self) -> None:
        """Have something more to write."""
        if not self.unwritten:
            self.batch.add(self)
        self.unwritten += 1

    def flush(self) -> None:
        """Write."""
        self.writes.append(self.unwritten)
        self.unwritten = 0

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ended = reason


class Sight:
    """A clock that goes on by a fifth of a look each time, and what happens at each reading."""

    def __init__(self) -> None:
        self.now = 0.0
        self.happens: Callable[[], object] = lambda: None

    def __call__(self) -> float:
        self.now += LOOK / 5
        self.happens()
        return self.now


class World:
    """Sessions on sockets that are read together, and the peers' ends."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.batch = Batch(self.reactor)
        self.sight = Sight()
        self.sockets = Sockets(self.reactor, self.batch, self.sight)
        self.batch.sockets = self.sockets
        self.stack = ExitStack()

    def connection(self, reactor: object = None) -> tuple[Session, Any, socket.socket]:
        """A session, its transport, which is read by its reactor, and its peer's socket."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            peer = self.stack.enter_context(socket.create_connection(server.getsockname()))
            own, _ = server.accept()
        self.stack.enter_context(own)
        session = Session(self.batch)
        transport: Any = Connection(own, session, reactor or self.reactor)  # type: ignore[arg-type]
        transport.connected = 1
        transport.startReading()
        session.makeConnection(transport)
        return session, transport, peer

    def taken(self) -> tuple[Session, Any, socket.socket]:
        """The same, read together with others."""
        made = self.connection()
        self.sockets.take(made[1])
        return made

    @property
    def is_read(self) -> bool:
        """Whether the reactor looks at the sockets."""
        return self.reactor.getReaders() == [self.sockets]


@contextmanager
def made() -> Iterator[World]:
    """A world, whose sockets are closed in the end."""
    world = World()
    with world.stack:
        yield world


@pytest.fixture
def world() -> Iterator[World]:
    with made() as each:
        yield each


# Which, and for how long


def test_all_plain_sockets_are_one_reader_of_the_reactor(world: World) -> None:
    """From the first to the last that is read."""
    (_, first, _), (_, second, _) = world.taken(), world.taken()
    assert world.is_read
    first.pauseProducing()
    first.pauseProducing()
    assert world.is_read
    second.pauseProducing()
    assert world.reactor.getReaders() == []
    first.resumeProducing()
    first.resumeProducing()
    assert world.is_read


def test_what_is_not_plain_or_another_reactors_is_left_alone(world: World) -> None:
    other = MemoryReactorClock()
    _, transport, _ = world.connection(other)
    for each in (transport, StringTransport(), None):
        world.sockets.take(each)
    assert world.reactor.getReaders() == []
    assert other.getReaders() == [transport]


def test_a_reactor_without_epoll_reads_all_by_itself() -> None:
    reactor = MemoryReactorClock()
    assert Sockets.of(reactor, Batch(reactor)) is None


def test_a_reactor_with_epoll_does_not() -> None:
    # Made without what it needs to run.
    reactor = EPollReactor.__new__(EPollReactor)
    assert Sockets.of(reactor, Batch(MemoryReactorClock())) is not None


def test_what_is_to_be_written_is_the_reactors(world: World) -> None:
    _, transport, peer = world.taken()
    transport.write(b"octets")
    assert world.reactor.getWriters() == [transport]
    transport.doWrite()
    assert peer.recv(100) == b"octets"
    assert world.reactor.getWriters() == []


# Reading


def test_all_that_came_is_read_and_then_each_session_is_written_to_once(world: World) -> None:
    """With no timer for the end of the turn."""
    sessions, _, peers = zip(*(world.taken() for _ in range(3)), strict=True)
    for at in (0, 2):
        sessions[at].reacts = sessions[1].owe
        peers[at].send(b"octets")
    world.sockets.doRead()
    assert [session.read for session in sessions] == [b"octets", b"", b"octets"]
    assert [session.writes for session in sessions] == [[1], [2], [1]]
    assert world.reactor.getDelayedCalls() == []


def test_what_a_write_brings_about_is_written_in_the_next_turn(world: World) -> None:
    (session, _, peer), (other, _, _) = world.taken(), world.taken()
    session.flush = lambda: world.batch.add(other)  # type: ignore[method-assign]
    peer.send(b"octets")
    world.sockets.doRead()
    assert other.writes == []
    world.reactor.advance(0)
    assert other.writes == [0]


def test_a_call_for_the_end_of_the_turn_comes_when_all_is_read(world: World) -> None:
    (first, _, one), (second, _, two) = world.taken(), world.taken()
    seen: list[bytes] = []
    for session in (first, second):
        session.reacts = lambda: world.batch.at_end(lambda: seen.append(first.read + second.read))
    one.send(b"1")
    two.send(b"2")
    world.sockets.doRead()
    assert seen == [b"12", b"12"]
    assert world.reactor.getDelayedCalls() == []


def test_as_much_is_read_as_the_transport_says(world: World) -> None:
    session, transport, peer = world.taken()
    transport.bufferSize = 4
    seen: list[bytes] = []
    session.reacts = lambda: seen.append(session.read)
    peer.send(b"octets")
    world.sockets.doRead()
    assert seen == [b"octe", b"octets"]


def test_a_paused_socket_is_not_read_until_it_is_resumed(world: World) -> None:
    session, transport, peer = world.taken()
    world.taken()
    transport.pauseProducing()
    peer.send(b"octets")
    world.sockets.doRead()
    assert session.read == b""
    transport.resumeProducing()
    world.sockets.doRead()
    assert session.read == b"octets"


@given(st.data())
def test_octets_come_whole_and_in_order_to_those_who_read(data: st.DataObject) -> None:
    """Whatever is paused, resumed and sent in between; and they are one reader, or none."""
    with made() as world:
        ends = [world.taken() for _ in range(3)]
        sent, seen, reads = [b""] * 3, [b""] * 3, [True] * 3
        for step in range(data.draw(st.integers(1, 30))):
            at = data.draw(st.integers(0, 2))
            session, transport, peer = ends[at]
            match data.draw(st.sampled_from(("send", "pause", "resume", "turn", "end"))):
                case "send" if session.ended is None:
                    peer.send(octets := b"%d " % step)
                    sent[at] += octets
                case "pause":
                    transport.pauseProducing()
                    reads[at] = False
                case "resume":
                    transport.resumeProducing()
                    reads[at] = session.ended is None
                case "end":
                    transport.abortConnection()
                    world.reactor.advance(0)
                    reads[at] = False
                case "turn" if any(reads):
                    world.sockets.doRead()
                    seen = [sent[n] if reads[n] else seen[n] for n in range(3)]
            assert [session.read for session, _, _ in ends] == seen
            assert world.is_read == any(reads)


# The end


def reset(peer: socket.socket) -> None:
    """Close so that the other end hears of an error."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (lambda peer: peer.shutdown(socket.SHUT_WR), ConnectionDone),
        (lambda peer: peer.close(), ConnectionDone),
        (reset, ConnectionLost),
    ],
)
def test_a_connection_that_the_peer_ends_is_lost(
    world: World, ends: Callable[[socket.socket], None], reason: type[Exception]
) -> None:
    session, _, peer = world.taken()
    ends(peer)
    world.sockets.doRead()
    assert session.ended is not None
    assert session.ended.check(reason)
    assert world.reactor.getReaders() == []


def test_the_last_octets_come_before_the_end(world: World) -> None:
    session, _, peer = world.taken()
    seen: list[Failure | None] = []
    session.reacts = lambda: seen.append(session.ended)
    peer.send(b"octets")
    peer.close()
    world.sockets.doRead()
    assert (session.read, seen) == (b"octets", [None])
    assert session.ended is not None


def test_a_connection_that_is_being_closed_is_read_no_more(world: World) -> None:
    session, transport, peer = world.taken()
    transport.loseConnection()
    peer.send(b"octets")
    assert world.reactor.getReaders() == []
    transport.doWrite()
    assert session.read == b""


def test_one_that_is_cut_in_the_same_turn_is_not_read(world: World) -> None:
    """Whichever of the two is read first."""
    (first, one, peer_one), (second, two, peer_two) = world.taken(), world.taken()
    first.reacts, second.reacts = two.abortConnection, one.abortConnection
    peer_one.send(b"1")
    peer_two.send(b"2")
    world.sockets.doRead()
    assert len(first.read + second.read) == 1
    world.reactor.advance(0)
    lost = second if first.read else first
    assert lost.ended is not None
    assert lost.ended.check(ConnectionAborted)


def test_a_session_that_fails_is_lost_and_the_others_are_read_on(world: World) -> None:
    def fails() -> None:
        raise ZeroDivisionError

    (first, _, one), (second, _, two) = world.taken(), world.taken()
    first.reacts = fails
    one.send(b"1")
    two.send(b"2")
    world.sockets.doRead()
    assert first.ended is not None
    assert first.ended.check(ZeroDivisionError)
    assert (second.read, second.writes, second.ended) == (b"2", [1], None)


def test_when_the_reactor_ends_every_connection_is_lost(world: World) -> None:
    sessions = [world.taken()[0] for _ in range(2)]
    world.sockets.connectionLost(Failure(ConnectionDone()))
    assert all(session.ended for session in sessions)
    assert world.reactor.getReaders() == []


# A message alone


def test_the_answer_of_a_peer_next_door_is_looked_for(world: World) -> None:
    """For a moment, so that the reactor need not sleep and be woken."""
    session, _, peer = world.taken()
    session.is_quiet = True
    session.reacts = lambda: setattr(session, "is_quiet", session.read == b"1")
    world.sight.happens = lambda: peer.send(b"2") if world.sight.now > LOOK * 0.5 else None
    peer.send(b"1")
    world.sockets.doRead()
    assert session.read.startswith(b"12")


def test_it_is_not_looked_for_any_longer(world: World) -> None:
    session, _, peer = world.taken()
    session.is_quiet = True
    peer.send(b"1")
    world.sockets.doRead()
    assert (session.read, world.sight.now) == (b"1", pytest.approx(LOOK * 1.6))
    assert world.reactor.getDelayedCalls() == []


def test_nothing_is_looked_for_where_more_goes_on(world: World) -> None:
    _, _, peer = world.taken()
    peer.send(b"1")
    world.sockets.doRead()
    assert world.sight.now < LOOK


@pytest.mark.parametrize("is_quiet", [False, True])
def test_the_reactor_has_its_turn_however_fast_answers_come(world: World, is_quiet: bool) -> None:
    session, _, peer = world.taken()
    session.is_quiet = is_quiet
    session.reacts = lambda: peer.send(b"1")
    peer.send(b"1")
    world.sockets.doRead()
    assert len(session.read) > 1
    assert world.sight.now == pytest.approx(SPELL, abs=LOOK)
