"""A TCP connection in memory: one end for a test to be the peer of, or both ends joined.

Like the real thing it does nothing at once: what one end writes reaches the other, and a
connection that is closed is lost, in the next turn of the clock (``clock.advance(0)``).
"""

from __future__ import annotations

from random import Random
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

T = TypeVar("T")


class NoJitter(Random):
    """Chance that makes every pause as long as it can be."""

    def random(self) -> float:
        return 1.0


@implementer(ITCPTransport)
class MemoryTransport(StringTransport):
    """What a protocol on a TCP connection sees of it.

    As on TLS, a connection is not closed as long as a producer is registered.

    :param clock: turns of it stand for the reactor's.
    :param protocol: this end's.
    :param buffer_size: octets that may wait for the peer before the producer is paused.
    """

    def __init__(self, clock: Clock, protocol: Protocol, buffer_size: int = 65536) -> None:
        super().__init__(lenient=True)  # type: ignore[no-untyped-call]
        self.peer: MemoryTransport | None = None
        """The other end, if that is in memory too."""
        self.writes: list[bytes] = []
        """What each call of `write` was given."""
        self.aborted = False
        self.no_delay = False
        self.keep_alive = False
        self._clock = clock
        self._protocol = protocol
        self._buffer_size = buffer_size
        self._peer_reads = True
        self._producer_paused = False
        self._unread = bytearray()
        self._held = bytearray()

    # The peer's doing

    def deliver(self, octets: bytes) -> None:
        """Octets arrive: they are read now, or when reading is resumed; then the turn ends."""
        if self.producerState == "paused":
            self._held += octets
        elif self.connected and not self.disconnecting:
            self._protocol.dataReceived(octets)
            self._clock.advance(0)

    def stop_reading(self) -> None:
        """Let what is written wait from now on."""
        self._peer_reads = False

    def start_reading(self) -> None:
        """Read what waits, and what is written from now on."""
        self._peer_reads = True
        self._carry()

    def lose(self, reason: Exception | None = None) -> None:
        """The connection is gone; nothing happens if it was before."""
        if not self.connected:
            return
        self.connected = False
        if self.producer is not None:
            self.producer.stopProducing()
        self._protocol.connectionLost(Failure(reason or ConnectionDone()))
        if self.peer is not None:
            self._clock.callLater(0, self.peer.lose)

    def is_cut(self) -> bool:
        """Whether the connection was aborted; a call, for type checkers think attributes stay."""
        return self.aborted

    @property
    def written(self) -> bytes:
        """All octets written, in one piece."""
        return b"".join(self.writes)

    def take(self) -> bytes:
        """All octets written since the last call."""
        octets = self.written
        self.writes.clear()
        return octets

    # The protocol's

    def write(self, data: bytes) -> None:
        """Send ``data``; the producer is paused when too much waits."""
        if not self.connected or self.aborted:
            return
        super().write(data)  # type: ignore[no-untyped-call]
        self.writes.append(data)
        self._unread += data
        if self._peer_reads:
            self._carry()
        elif len(self._unread) > self._buffer_size and not self._producer_paused:
            self._pause_producer()

    def loseConnection(self) -> None:
        """Close when the peer has read everything and no producer is left."""
        super().loseConnection()  # type: ignore[no-untyped-call]
        self._close_if_done()

    def abortConnection(self) -> None:
        """Close in the next turn whatever the peer has read."""
        super().abortConnection()  # type: ignore[no-untyped-call]
        self.aborted = True
        self._clock.callLater(0, self.lose, ConnectionAborted())

    def loseWriteConnection(self) -> None:
        """Not what SMPP does."""
        raise NotImplementedError

    def unregisterProducer(self) -> None:
        """Nothing more is to come, so that the connection can be closed."""
        super().unregisterProducer()  # type: ignore[no-untyped-call]
        self._producer_paused = False
        self._close_if_done()

    def resumeProducing(self) -> None:
        """Read on, beginning with what arrived in the meantime."""
        super().resumeProducing()  # type: ignore[no-untyped-call]
        if self._held:
            held, self._held = bytes(self._held), bytearray()
            self._clock.callLater(0, self.deliver, held)

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Remembered in ``no_delay``."""
        self.no_delay = enabled

    def getTcpNoDelay(self) -> bool:
        """What was set."""
        return self.no_delay

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Remembered in ``keep_alive``."""
        self.keep_alive = enabled

    def getTcpKeepAlive(self) -> bool:
        """What was set."""
        return self.keep_alive

    def _carry(self) -> None:
        octets, self._unread = bytes(self._unread), bytearray()
        if self.peer is not None and octets:
            self._clock.callLater(0, self.peer.deliver, octets)
        if self._producer_paused and self.producer is not None:
            self._producer_paused = False
            self.producer.resumeProducing()
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self.disconnecting and self._peer_reads and self.producer is None:
            self._clock.callLater(0, self.lose)

    def _pause_producer(self) -> None:
        if self.producer is not None:
            self._producer_paused = True
            self.producer.pauseProducing()


def connect(
    clock: Clock, protocol: Protocol, buffer_size: int = 65536, peer: Protocol | None = None
) -> MemoryTransport:
    """Connect ``protocol``, to ``peer`` if there is one and else to the test."""
    transport = MemoryTransport(clock, protocol, buffer_size)
    if peer is not None:
        transport.peer = MemoryTransport(clock, peer, buffer_size)
        transport.peer.peer = transport
        peer.makeConnection(transport.peer)
    protocol.makeConnection(transport)
    return transport


def outcomes(deferred: Deferred[T]) -> list[T | Failure]:
    """A list that gets whatever ``deferred`` fires with; failures count as seen to."""
    seen: list[T | Failure] = []
    deferred.addBoth(seen.append)
    return seen
