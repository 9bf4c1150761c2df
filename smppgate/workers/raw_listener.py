"""`RawListener`: an endpoint that the master listens on, for connections that it hands over.

It is opened from the same string as that of any gate, but a connection is not wrapped, read or
written to. With ``reuse_port`` there is a socket for each worker in one place, among which the
system spreads connections. A worker accepts those of its own; while it is gone, the master does.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any, TypeAlias

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

from smppgate.gate.sessions.accept_log import AcceptLog
from smppgate.gate.sessions.endpoints import server_endpoint
from smppgate.gate.sessions.listener import Listener

HandOver: TypeAlias = Callable[["RawListener", socket.socket, Any], None]
"""Takes a connection that was accepted, with its peer's address, and closes this end of it."""


@frozen
class Place:
    """What is listened on, and for how many connections, over all workers.

    :param description: the endpoint string.
    :param limit: of all of them.
    :param per_address: of those from one address; 0 for any number, and where the address of
        a peer is not known to who accepts.
    """

    description: str
    limit: int
    per_address: int = 0


class _Nothing(Protocol):
    """What the reactor makes for a connection, whose transport is nothing either."""

    def __init__(self, address: IAddress | None) -> None:
        self.address = address

    def makeConnection(self, transport: Any) -> None:
        """Do nothing."""


class _Unread(Factory):
    """The factory of a socket whose connections are handed over."""

    noisy = False

    def buildProtocol(self, addr: IAddress | None) -> _Nothing:
        """Nothing but the address of the peer."""
        return _Nothing(addr)


class RawListener(Listener):
    """Listens on an endpoint, and hands connections over.

    Connections wait in the system until they are accepted here, or by a worker.

    :param workers: how many sockets it has; 1 unless each worker has its own.
    :ivar place: a reload may put another one here, with the same endpoint string.
    """

    def __init__(self, reactor: Any, place: Place, workers: int, hand_over: HandOver) -> None:
        shared = _SharedPlace(reactor, workers) if workers > 1 else reactor
        endpoint = server_endpoint(shared, place.description)
        super().__init__(place.description, endpoint, _Unread())
        self.place = place
        self._hand_over = hand_over
        self._ports: list[Any] = []
        # Sockets that workers accept on.
        self._lent: set[int] = set()

    def accept(self, is_wanted: bool) -> None:
        """Accept connections here from now on, on what is not lent; or let them wait."""
        for number, port in enumerate(self._ports):
            if is_wanted and number not in self._lent:
                port.startReading()
            else:
                port.stopReading()

    def lends_to(self, number: int) -> bool:
        """Whether worker ``number``, counted from 0, gets a socket now; it is lent then."""
        is_lent = len(self._ports) > 1 and number not in self._lent
        if is_lent:
            self._lent.add(number)
        return is_lent

    def left(self, number: int) -> None:
        """A worker is gone, or has not taken it: what was lent to it is not any more."""
        self._lent.discard(number)

    def descriptor(self, number: int) -> int:
        """One of the socket of a worker, counted from 0, which the caller closes.

        It is good until then, whatever becomes of the socket meanwhile.

        :raises OSError: there are no descriptors left.
        """
        return os.dup(self._ports[number].fileno())

    def stopService(self) -> Deferred[None]:
        """Close the sockets of this process; fires when that is done."""
        self._ports = []
        self._lent.clear()
        return super().stopService()

    def _opened(self, port: Any) -> None:
        super()._opened(port)
        if self.address is None:
            return
        self._ports = port.ports if isinstance(port, _SharedPorts) else [port]
        for each in self._ports:
            # What is accepted gets no transport, and no session: see Twisted's `Port`.
            each.transport, each.factory = self._accepted, _Unread()
            AcceptLog.replace(each)
        self.accept(False)

    def _accepted(self, accepted: socket.socket, protocol: _Nothing, *_: object) -> None:
        accepted.setblocking(False)
        self._hand_over(self, accepted, protocol.address)


@implementer(IListeningPort)
class _SharedPorts:
    """Several sockets in one place."""

    def __init__(self, ports: list[Any]) -> None:
        self.ports = ports

    def startListening(self) -> None:
        """They do."""

    def stopListening(self) -> Deferred[Any]:
        """Close all of them."""
        return DeferredList([maybeDeferred(port.stopListening) for port in self.ports])

    def getHost(self) -> IAddress:
        """Where they are."""
        host: IAddress = self.ports[0].getHost()
        return host


class _SharedPlace:
    """The reactor to an endpoint, which opens several sockets in place of one.

    Only those of TCP can share a place; others are opened as always.
    """

    def __init__(self, reactor: Any, count: int) -> None:
        self._reactor = reactor
        self._count = count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> _SharedPorts:
        """Listen so often on ``port``."""
        sockets: list[socket.socket] = []
        try:
            for _ in range(self._count):
                sockets.append(_shared_socket(port, interface, backlog))
                port = sockets[0].getsockname()[1]
            return _SharedPorts([self._adopted(each, factory) for each in sockets])
        except OSError as error:
            raise CannotListenError(interface, port, error) from None
        finally:
            for each in sockets:
                # The reactor has descriptors of its own.
                each.close()

    def listenSSL(
        self,
        port: int,
        factory: Any,
        contextFactory: Any,
        backlog: int = 50,
        interface: str = "",
    ) -> _SharedPorts:
        """The same: TLS is a worker's."""
        return self.listenTCP(port, factory, backlog, interface)

    def _adopted(self, listening: socket.socket, factory: Any) -> Any:
        return self._reactor.adoptStreamPort(listening.fileno(), listening.family, factory)


def _shared_socket(port: int, interface: str, backlog: int) -> socket.socket:
    """A socket that listens beside others of this process."""
    family = socket.AF_INET6 if ":" in interface else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(_address(interface, port) if family == socket.AF_INET6 else (interface, port))
        made.listen(backlog)
    except OSError:
        made.close()
        raise
    return made


def _address(interface: str, port: int) -> Any:
    """With the number of the scope that is in ``interface``, perhaps."""
    return socket.getaddrinfo(interface, port, socket.AF_INET6, socket.SOCK_STREAM)[0][4]
