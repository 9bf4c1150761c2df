"""`HandedOver`: the listeners of a worker, whose connections the master has accepted.

A worker has the listeners of any gate, with their TLS, PROXY headers and limits. They are opened
on a stand-in for the reactor, which binds nothing and waits for what the master hands over. That
is known by the endpoint string, which is the same for both.

With ``reuse_port`` the master hands over sockets that listen, and connections never meet it.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from errno import EMFILE, ENFILE
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.gate.sessions.accept_log import AcceptLog
from smppgate.gate.sessions.endpoints import ServerEndpoint
from smppgate.gate.sessions.tls import ListenerTls
from smppgate.txsmpp.clock import Clock
from smppgate.workers.commands import Listen, Load, NoListener, Take
from smppgate.workers.control import Responders

_SYSTEMD = re.compile("^((?:haproxy:)*)systemd:.*", re.IGNORECASE | re.DOTALL)


@implementer(IAddress)
@frozen
class AtMaster:
    """The address of a socket that the master has: its endpoint string."""

    description: str

    def __str__(self) -> str:
        return self.description


class Tally:
    """The connections to one endpoint string; listeners that follow each other share it.

    :param tell: called in the turn after a change.
    :ivar open: those that are not lost.
    :ivar taken: all that were handed over.
    """

    def __init__(self, reactor: Any, tell: Callable[[Tally], None], description: str) -> None:
        self.description = description
        self.open = self.taken = 0
        self._reactor = reactor
        self._tell = tell
        self._is_due = False

    def change(self, opened: int = 0, taken: int = 0) -> None:
        """So many more are open, and were handed over."""
        self.open += opened
        self.taken += taken
        if not self._is_due:
            self._is_due = True
            self._reactor.callLater(0.0, self._tell_now)

    def _tell_now(self) -> None:
        self._is_due = False
        self._tell(self)


@implementer(IListeningPort)
class HandedPort:
    """What stands for a listening socket: makes sessions of the connections that it is given.

    To the reactor it is the factory of what it adopts.

    :param stopped: called when it takes no more.
    """

    noisy = False

    def __init__(
        self, reactor: Any, factory: Any, tally: Tally, stopped: Callable[[HandedPort], None]
    ) -> None:
        self.tally = tally
        self._reactor = reactor
        self._factory = factory
        self._stopped = stopped
        self._sockets: list[Any] = []
        self._unserved = AcceptLog()
        self._clock = Clock.of(reactor)

    def startListening(self) -> None:
        """Take connections from now on."""
        self._factory.doStart()

    def stopListening(self) -> Deferred[Any]:
        """Take no more; fires when the sockets that it was given are closed. Sessions go on."""
        self._stopped(self)
        closing = [maybeDeferred(port.stopListening) for port in self._sockets]
        self._sockets.clear()
        self._factory.doStop()
        return DeferredList(closing)

    def getHost(self) -> IAddress:
        """Where the master listens, as the settings say it."""
        return AtMaster(self.tally.description)

    def take(self, connection: socket.socket) -> None:
        """Make a session of ``connection``, which the caller closes: this end has its own."""
        try:
            self._reactor.adoptStreamConnection(connection.fileno(), connection.family, self)
        except OSError as error:
            # Else its peer has gone meanwhile.
            if error.errno in (EMFILE, ENFILE):
                self._unserved.add(self._clock.wall(), 1)

    def listen(self, listening: socket.socket) -> None:
        """Accept connections on ``listening`` too, which the caller closes."""
        port = self._reactor.adoptStreamPort(listening.fileno(), listening.family, self)
        AcceptLog.replace(port)
        self._sockets.append(port)

    def doStart(self) -> None:
        """A socket listens."""

    def doStop(self) -> None:
        """A socket listens no more."""

    def buildProtocol(self, address: IAddress | None) -> Any:
        """The session for a connection, whose end is counted."""
        protocol: Any = self._factory.buildProtocol(address)
        if protocol is not None:
            self.tally.change(opened=1)
            # Of this object alone, and until then: reads and writes are as they were.
            protocol.connectionLost = lambda *reason: self._lost(protocol, *reason)
        return protocol

    def _lost(self, protocol: Any, *reason: Failure) -> None:
        del protocol.connectionLost
        self.tally.change(opened=-1)
        protocol.connectionLost(*reason)


class _StandIn:
    """The reactor to one endpoint: all of it but for what listens."""

    def __init__(self, reactor: Any, opened: Callable[[Any], HandedPort]) -> None:
        self._reactor = reactor
        self._opened = opened

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(self, port: int, factory: Any, *_: object, **__: object) -> HandedPort:
        """Take connections for ``factory``."""
        return self._opened(factory)

    def listenUNIX(self, address: str, factory: Any, *_: object, **__: object) -> HandedPort:
        """Take connections for ``factory``."""
        return self._opened(factory)

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, *_: object, **__: object
    ) -> HandedPort:
        """Take connections for ``factory``, in TLS."""
        in_tls = TLSMemoryBIOFactory(contextFactory, False, factory, clock=self._reactor)
        return self._opened(in_tls)


class HandedOver(Responders):
    """The listeners of a worker, by their endpoint strings."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._ports: dict[str, list[HandedPort]] = {}
        # Of all that there were while the worker runs: the master counts from its start.
        self._tallies: dict[str, Tally] = {}

    def endpoint(self, _reactor: Any, description: str, tls: ListenerTls | None) -> ServerEndpoint:
        """What a gate opens in place of a socket; see `Seat.endpoint`."""
        stand_in = _StandIn(self._reactor, lambda factory: self._opened(description, factory))
        # Sockets of systemd are the master's.
        return ServerEndpoint(stand_in, _SYSTEMD.sub(r"\1tcp:0", description), tls)

    @Take.responder
    def take(self, listener: str, connection: int) -> dict[str, object]:
        """Serve a connection; one to a listener that is no more is closed."""
        self._tally(listener).change(taken=1)
        with socket.socket(fileno=connection) as handed:
            port = self._port(listener)
            if port is not None:
                port.take(handed)
        return {}

    @Listen.responder
    def listen(self, listener: str, listening: int) -> dict[str, object]:
        """Accept connections on a socket; it stays the master's where there is no listener."""
        with socket.socket(fileno=listening) as handed:
            port = self._port(listener)
            if port is None:
                raise NoListener(listener)
            port.listen(handed)
        return {}

    def _port(self, description: str) -> HandedPort | None:
        # Of several with one string each does: they listen in one place.
        ports = self._ports.get(description)
        return ports[-1] if ports else None

    def _opened(self, description: str, factory: Any) -> HandedPort:
        port = HandedPort(self._reactor, factory, self._tally(description), self._stopped)
        port.startListening()
        self._ports.setdefault(description, []).append(port)
        return port

    def _stopped(self, port: HandedPort) -> None:
        self._ports[port.tally.description].remove(port)

    def _tally(self, description: str) -> Tally:
        if description not in self._tallies:
            self._tallies[description] = Tally(self._reactor, self._tell, description)
        return self._tallies[description]

    def _tell(self, tally: Tally) -> None:
        self.control.callRemote(
            Load, listener=tally.description, open=tally.open, taken=tally.taken
        )
