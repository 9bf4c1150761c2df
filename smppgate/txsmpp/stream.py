"""`SmppStream`: a stream transport that is read and written with backpressure both ways.

A peer that does not read what it is sent is not read either, so that answers to it cannot pile up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol
from zope.interface import implementer


@implementer(IPushProducer)
class SmppStream(Protocol):
    """The transport's side of a session."""

    def __init__(self) -> None:
        self.writable = True
        """Whether the peer reads what it is sent; if not, more had better go elsewhere."""
        self._is_producer = False
        self._is_held = False
        self._given = 0
        self._write_now: Callable[[], object] | None = None

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
        # A socket is nearly always ready to be written. Asking the reactor first costs two more
        # turns of it for each message that nothing else is going on beside. What goes wrong, the
        # reactor finds at its next look. Only for plain sockets: what wraps one, as TLS does,
        # has ideas of its own about when it is written and closed.
        if isinstance(transport, FileDescriptor):
            self._write_now = transport.doWrite

    def _write(self, octets: bytes) -> None:
        transport = self.transport
        if transport is not None:
            self._given += len(octets)
            transport.write(octets)
            if self._write_now is not None:
                self._write_now()

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


def unwritten(transport: Any) -> int | None:
    """Octets that were given to ``transport`` and wait for its socket; None if unknown."""
    while transport is not None and not isinstance(transport, FileDescriptor):
        # TLS wraps the socket's transport.
        transport = getattr(transport, "transport", None)
    if transport is None:
        return None
    waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return waiting
