"""`SmppStream`: a stream transport that is read and written with backpressure both ways.

A peer that does not read what it is sent is not read either, so that answers to it cannot pile up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Protocol as TypingProtocol

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from zope.interface import implementer


class Tap(TypingProtocol):
    """Sees what one session is sent and sends. Nothing is changed by it, and it must not raise."""

    def received(self, octets: bytes) -> None:
        """The peer sent these, which are not dealt with yet.

        They begin with a PDU; one at the end that is not whole is shown again when it is.
        """

    def sent(self, octets: bytes) -> None:
        """These whole PDUs are written to the peer."""

    def lost(self, reason: str) -> None:
        """The connection is lost; it sees no more."""


@implementer(IPushProducer)
class SmppStream(Protocol):
    """The transport's side of a session."""

    def __init__(self) -> None:
        self.writable = True
        """Whether the peer reads what it is sent; if not, more had better go elsewhere."""
        self._is_producer = False
        self._is_held = False
        self._given = 0
        self._send: Callable[[bytes], int] | None = None
        self._tap: Tap | None = None

    @property
    def _tcp(self) -> Any:
        # A stream transport is consumer, producer and more: no one interface says it all.
        return self.transport

    @property
    def octets_sent(self) -> int:
        """Octets that have left this process; 0 where that is unknown.

        More than before means that the peer reads.
        """
        waiting = unwritten(self.transport)
        return 0 if waiting is None else self._given - waiting

    def _open_stream(self) -> None:
        """Set the socket up."""
        transport = self._tcp
        # A UNIX socket has neither.
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
        # A socket is nearly always ready to be written. To ask the reactor first costs two system
        # calls, and two more turns of it for each message that nothing else is going on beside.
        # Only for plain sockets: what wraps one, as TLS does, has ideas of its own about when it
        # is written and closed.
        if is_plain(transport):
            self._send = transport.socket.send

    def _write(self, octets: bytes) -> None:
        transport: Any = self.transport
        if transport is None:
            return
        if self._tap is not None:
            self._tap.sent(octets)
        self._given += len(octets)
        if self._send is not None and not (transport.dataBuffer or transport._tempDataLen):
            octets = octets[_sent(self._send, octets) :]
        if octets:
            transport.write(octets)

    def _become_producer(self) -> None:
        # Not before something was read: a TLS transport pauses its producer while it shakes
        # hands, and to stop reading then is to wait for ever.
        self._is_producer = True
        self._tcp.registerProducer(self, True)

    def _lose_connection(self) -> None:
        """Close the connection once all is written."""
        if self.transport is not None:
            if self._is_producer:
                # A transport with a producer waits for more of it before it closes.
                self._tcp.unregisterProducer()
            self._tcp.loseConnection()

    def hold_reading(self, is_held: bool) -> None:
        """Do not read the peer for now, or read it again if it reads what it is sent."""
        self._is_held = is_held
        if is_held:
            self._tcp.pauseProducing()
        elif self.writable:
            self._tcp.resumeProducing()

    def pauseProducing(self) -> None:
        """The transport's buffer is full."""
        self.writable = False
        self._tcp.pauseProducing()

    def resumeProducing(self) -> None:
        """The transport's buffer has been written."""
        self.writable = True
        if not self._is_held:
            self._tcp.resumeProducing()

    def stopProducing(self) -> None:
        """The transport is gone; `connectionLost` follows."""
        self.writable = False


def is_plain(transport: object) -> bool:
    """Whether ``transport`` is a TCP or UNIX socket itself, with no TLS in between."""
    return isinstance(transport, Connection)


def _sent(send: Callable[[bytes], int], octets: bytes) -> int:
    """How many of ``octets`` a socket takes now. What goes wrong, its transport finds itself."""
    try:
        return send(octets)
    except OSError:
        return 0


def unwritten(transport: Any) -> int | None:
    """Octets that were given to ``transport`` and wait for its socket; None if unknown."""
    while transport is not None and not isinstance(transport, FileDescriptor):
        # TLS wraps the socket's transport.
        transport = getattr(transport, "transport", None)
    if transport is None:
        return None
    waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return waiting
