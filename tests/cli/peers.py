"""The other end of a session of `send`'s or `load`'s, with a test in its place."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.frame import Frame, FrameBuffer, response
from smppgate.txsmpp.pdu import Pdu
from tests.fakes import connect

# Memory reactors do not look names up; sockets in the file system have none.
ENDPOINT = "unix:/nowhere/smsc"


class Peer:
    """An SMSC that does what the test tells it to.

    :param clock: that of the session at the other end, ``protocol``.
    """

    def __init__(self, clock: Clock, protocol: Protocol) -> None:
        self.clock = clock
        self.transport = connect(clock, protocol)
        self._buffer = FrameBuffer()

    @classmethod
    def accepting(cls, reactor: MemoryReactorClock, index: int = -1) -> Peer:
        """Accept a connection that was asked for at `ENDPOINT`, the latest by default."""
        factory = reactor.unixClients[index][1]
        protocol = factory.buildProtocol(None)
        assert isinstance(protocol, Protocol)
        return cls(reactor, protocol)

    def received(self) -> list[Frame]:
        """The PDUs that came since the last call."""
        self.clock.advance(0)
        return self._buffer.receive(self.transport.take())

    def one(self) -> Frame:
        """The one PDU that came since the last call."""
        (frame,) = self.received()
        return frame

    def answer(self, frame: Frame, body: bytes = b"", status: int = 0) -> None:
        """Answer ``frame``."""
        self.send(response(frame, status, body))

    def accept_bind(self) -> None:
        """Answer the bind that must have come, with ESME_ROK."""
        self.answer(self.one(), b"smsc\0")

    def deliver(self, pdu: Pdu) -> None:
        """Send ``pdu`` as it is, number included."""
        self.send(encode(pdu))

    def send(self, octets: bytes) -> None:
        """Send ``octets``, in one read of the other end's."""
        self.transport.deliver(octets)
        self.clock.advance(0)

    def hang_up(self) -> None:
        """Close the connection without a word."""
        self.transport.lose()
        self.clock.advance(0)


def parsed(
    add_arguments: Callable[[argparse.ArgumentParser], None], *arguments: str
) -> argparse.Namespace:
    """``arguments`` as the command parses them."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)
