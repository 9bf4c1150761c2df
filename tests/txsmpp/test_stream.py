"""What leaves the process at once, and how much of what was written has left."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from twisted.internet.abstract import FileDescriptor
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactor, MemoryReactorClock, StringTransport

from smppgate.txsmpp.stream import SmppStream, unwritten


class Descriptor(FileDescriptor):
    """Writes three octets at a time."""

    def __init__(self) -> None:
        super().__init__(MemoryReactorClock())
        self.connected = True

    def writeSomeData(self, data: bytes) -> int:
        return min(3, len(data))


class Wrapper:
    """As TLS does it."""

    def __init__(self, transport: object) -> None:
        self.transport = transport


@pytest.mark.parametrize("wrap", [lambda inner: inner, Wrapper])
def test_what_waits_for_the_socket_is_counted(wrap: type) -> None:
    descriptor = Descriptor()
    descriptor.write(b"0123456789")
    descriptor.write(b"0123456789")
    seen = [unwritten(wrap(descriptor))]
    for _ in range(3):
        descriptor.doWrite()
        seen.append(unwritten(wrap(descriptor)))
    assert seen == [20, 17, 14, 11]


@pytest.mark.parametrize("transport", [None, StringTransport()])
def test_of_another_transport_it_is_unknown(transport: object) -> None:
    assert unwritten(transport) is None


# Plain sockets


class Plain:
    """A session's end of a TCP connection, whose reactor does nothing, and its peer's."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.peer = socket.create_connection(server.getsockname())
            own, _ = server.accept()
        own.setblocking(False)
        self.reactor = MemoryReactor()
        self.stream = SmppStream()
        self.transport = Connection(own, self.stream, self.reactor)
        self.transport.connected = 1
        self.stream.transport = self.transport
        self.stream._open_stream()

    def read(self, count: int) -> bytes:
        """So many octets from the peer's end, which the reactor has time to write."""
        octets = b""
        while len(octets) < count:
            if self.transport in self.reactor.getWriters():
                self.transport.doWrite()
            octets += self.peer.recv(count - len(octets))
        return octets

    def end(self) -> None:
        """Close both ends."""
        self.transport.socket.close()
        self.peer.close()


@pytest.fixture
def plain() -> Iterator[Plain]:
    made = Plain()
    yield made
    made.end()


def test_a_plain_socket_is_written_at_once_and_the_reactor_is_not_asked(plain: Plain) -> None:
    plain.stream._write(b"octets")
    assert plain.reactor.getWriters() == []
    assert plain.peer.recv(100) == b"octets"
    assert plain.stream.octets_sent == 6


def test_what_a_plain_socket_does_not_take_follows_in_order(plain: Plain) -> None:
    parts = [bytes((at,)) * 1_000_000 for at in range(12)]
    for part in parts:
        plain.stream._write(part)
    assert plain.transport in plain.reactor.getWriters()
    assert plain.stream.octets_sent < 12_000_000
    assert plain.read(12_000_000) == b"".join(parts)
    assert plain.stream.octets_sent == 12_000_000
    # And then it is written at once again.
    plain.stream._write(b"last")
    assert plain.peer.recv(100) == b"last"


def test_a_plain_socket_that_is_gone_is_the_transports_to_find(plain: Plain) -> None:
    plain.transport.socket.shutdown(socket.SHUT_WR)
    plain.stream._write(b"octets")
    assert plain.transport in plain.reactor.getWriters()
