"""`SimulatedReactor`: one process of the gate, as far as it sees its operating system.

Twisted's own TCP classes run on it with sockets of `tests.simulation.sockets`. A turn is that of a
real reactor: timers that are due, then what is ready to be read and written, in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from random import Random
from typing import Any

from twisted.internet import tcp
from twisted.internet.address import IPv4Address
from twisted.internet.base import BaseConnector
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IHalfCloseableDescriptor,
    IListeningPort,
    IReactorFDSet,
    IReactorTCP,
    IReactorTime,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.simulation.clock import NEVER, Agenda, Call, WorldClock
from tests.simulation.network import Network
from tests.simulation.sockets import GateSocket

_DONE, _LOST = Failure(ConnectionDone()), Failure(ConnectionLost())


class _Client(tcp.Client):
    """A connection that the gate makes."""

    def createInternetSocket(self) -> GateSocket:  # type: ignore[override]
        return self.connector.reactor.network.socket(self.addr)


class _Connector(tcp.Connector):
    def _makeTransport(self) -> _Client:
        return _Client(self.host, self.port, self.bindAddress, self, self.reactor)


@implementer(IListeningPort)
class _Port:
    """A place where the gate listens."""

    def __init__(self, reactor: SimulatedReactor, port: int, factory: Any, host: str) -> None:
        self._realPortNumber = port
        self._reactor = reactor
        self._factory = factory
        self._host = host
        self._serial = 0

    def startListening(self) -> None:
        """Listen."""
        if not self._reactor.network.listen(self._realPortNumber, self):
            raise CannotListenError(self._host, self._realPortNumber, OSError("in use"))
        self._factory.doStart()

    def stopListening(self) -> Deferred[None]:
        """Listen no more."""
        self._reactor.network.unlisten(self._realPortNumber, self)
        self._reactor.ports.pop(self, None)
        self._factory.doStop()
        return succeed(None)

    def getHost(self) -> IPv4Address:
        """Where it listens."""
        return IPv4Address("TCP", self._host or "0.0.0.0", self._realPortNumber)

    def accept(self, skt: GateSocket) -> None:
        """Somebody has connected: that is seen in the next turn."""
        self._reactor.accepted.append((self, skt))

    def made(self, skt: GateSocket) -> None:
        """Make the protocol for a connection."""
        host, port = skt.getpeername()
        protocol = self._factory.buildProtocol(IPv4Address("TCP", host, port))
        if protocol is None:
            skt.close()
            return
        self._serial += 1
        transport = tcp.Server(skt, protocol, (host, port), self, self._serial, self._reactor)
        protocol.makeConnection(transport)


@implementer(IReactorTime, IReactorTCP, IReactorFDSet)
class SimulatedReactor:
    """The reactor of one process of the gate.

    :param chance: in which order what is ready comes.
    """

    def __init__(self, clock: WorldClock, network: Network, chance: Random) -> None:
        self.network = network
        self.accepted: list[tuple[_Port, GateSocket]] = []
        self.ports: dict[_Port, None] = {}
        self._clock = clock
        self._chance = chance
        self._agenda = Agenda(self._clock)
        self._readers: dict[Any, None] = {}
        self._writers: dict[Any, None] = {}
        # What was going on when the process was killed may still be on the way out.
        self._is_dead = False
        self.together: Callable[[], AbstractContextManager[object]] = nullcontext
        """Entered while what is ready in a turn is read, where sockets are read together."""

    # Time

    def seconds(self) -> float:
        """The time that timers are set by: it goes forward only."""
        return self._clock.now

    def wall(self) -> float:
        """What the wall clock shows; see `WorldClock.stepped`."""
        return self._clock.wall()

    def callLater(self, delay: float, function: Callable[..., Any], *a: Any, **kw: Any) -> Call:
        """Have ``function`` called."""
        assert delay >= 0, f"{function} is to be called {delay} s from now"
        return self._agenda.enter(self._clock.now + delay, function, a, kw)

    def getDelayedCalls(self) -> list[Call]:
        """All timers."""
        return self._agenda.waiting()

    # Connections

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> _Port:
        """Listen."""
        place = _Port(self, port, factory, interface)
        place.startListening()
        self.ports[place] = None
        return place

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float = 30, bindAddress: Any = None
    ) -> BaseConnector:
        """Connect."""
        connector = _Connector(host, port, factory, timeout, bindAddress, self)
        if not self._is_dead:
            connector.connect()
        return connector

    def addReader(self, reader: Any) -> None:
        """Call its doRead whenever there is something to be read."""
        self._readers[reader] = None
        self.network.has_changed = True

    def addWriter(self, writer: Any) -> None:
        """Call its doWrite whenever something can be written."""
        self._writers[writer] = None
        self.network.has_changed = True

    def removeReader(self, reader: Any) -> None:
        """No more."""
        self._readers.pop(reader, None)

    def removeWriter(self, writer: Any) -> None:
        """No more."""
        self._writers.pop(writer, None)

    def removeAll(self) -> list[Any]:
        """No more of any of them."""
        descriptors = list({**self._readers, **self._writers})
        self._readers.clear()
        self._writers.clear()
        return descriptors

    def getReaders(self) -> list[Any]:
        """All of them."""
        return list(self._readers)

    def getWriters(self) -> list[Any]:
        """All of them."""
        return list(self._writers)

    # Turns

    def next(self) -> float:
        """When there is something to do; in the far future when there is nothing."""
        if self._is_dead:
            return NEVER
        if self.accepted or (self.network.has_changed and self._is_any_ready()):
            return self._clock.now
        return self._agenda.next()

    def turn(self) -> bool:
        """Do what is due, and then what is ready; gives whether there was anything."""
        if self._is_dead:
            return False
        has_acted = bool(self._agenda.run_due())
        if self.accepted:
            self._accept()
            has_acted = True
        if self.network.has_changed and (ready := self._ready()):
            self._look_at_all(ready)
            has_acted = True
        return has_acted

    def _accept(self) -> None:
        accepted, self.accepted = self.accepted, []
        for port, skt in accepted:
            if port in self.ports:
                port.made(skt)
            else:
                skt.close()

    def _is_any_ready(self) -> bool:
        """Whether something can be read or written; if not, nothing can until a socket changes."""
        is_any = any(w.socket.is_writable for w in self._writers) or any(
            r.socket.is_readable for r in self._readers
        )
        self.network.has_changed = is_any
        return is_any

    def _ready(self) -> list[Any]:
        """What can be read or written; if that is nothing, nothing can until a socket changes."""
        ready = [r for r in self._readers if r.socket.is_readable]
        if self._writers:
            ready += [w for w in self._writers if w.socket.is_writable and w not in ready]
        self.network.has_changed = bool(ready)
        return ready

    def _look_at_all(self, ready: list[Any]) -> None:
        if len(ready) > 1:
            self._chance.shuffle(ready)
        with self.together():
            for descriptor in ready:
                self._look_at(descriptor)

    def _look_at(self, descriptor: Any) -> None:
        """Read and write as epoll's reactor does: both, where both can be done."""
        if descriptor in self._readers and descriptor.socket.is_readable:
            why = descriptor.doRead()
            if why is not None:
                self._disconnect(descriptor, why, is_read=True)
                return
        if descriptor in self._writers and descriptor.socket.is_writable:
            why = descriptor.doWrite()
            if why is not None:
                self._disconnect(descriptor, why, is_read=False)

    def _disconnect(self, descriptor: Any, why: Exception, is_read: bool) -> None:
        self.removeReader(descriptor)
        failure = _DONE if isinstance(why, ConnectionDone) else _LOST
        if is_read and failure is _DONE and IHalfCloseableDescriptor.providedBy(descriptor):
            descriptor.readConnectionLost(failure)
        else:
            self.removeWriter(descriptor)
            descriptor.connectionLost(failure)

    # The end of the process

    def kill(self) -> Agenda:
        """The process is gone: its timers, its sockets, and whatever it had not sent.

        Gives the timers, for those who want to keep what they refer to.
        """
        self._is_dead = True
        for descriptor in self.removeAll():
            skt = getattr(descriptor, "socket", None)
            if skt is not None:
                skt.close()
        for _, skt in self.accepted:
            skt.close()
        for port in list(self.ports):
            self.network.unlisten(port._realPortNumber, port)
        self.accepted, self.ports = [], {}
        agenda, self._agenda = self._agenda, Agenda(self._clock)
        return agenda
