"""`Listener`: an endpoint that peers connect to, as a service; `LimitedFactory`: its sessions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar, cast
from typing import Protocol as Face

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IListeningPort, ITCPTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from smppgate.gate.reports.summary import Summaries
from smppgate.gate.sessions.accept_log import AcceptLog
from smppgate.gate.sessions.addresses import shown_address, shown_host
from smppgate.notices.esmes import CANNOT_LISTEN, CONNECTION_CLOSED
from smppgate.txsmpp.log import Logger


class CannotListen(OSError):
    """A listener's endpoint cannot be opened: it is in use, or this process has no right to it."""


class Endpoint(Face):
    """What a listener opens; see `ServerEndpoint`."""

    def listen(self, protocolFactory: Factory[Any]) -> Deferred[IListeningPort]:
        """Open it; fails with an OSError where that cannot be."""

    def renew(self) -> None:
        """Have new connections use the certificate as its files are now."""

    def names(self) -> tuple[str, ...]:
        """The names of these files; none without TLS."""


class Listener(Service):
    """Opens an endpoint when it is started and closes it when it is stopped.

    Twisted's StreamServerEndpointService does the same, but does not give the address that it
    listens on, and a failure goes unnoticed or ends in a traceback.

    :param description: the endpoint string, for the log and for errors.
    """

    log = Logger()

    def __init__(self, description: str, endpoint: Endpoint, factory: Factory[Any]) -> None:
        self.description = description
        self._endpoint = endpoint
        self._factory = factory
        self._port: IListeningPort | None = None
        self._is_wanted = False
        self._failure: Failure | None = None

    @property
    def address(self) -> IAddress | None:
        """The address that it listens on; None while it does not listen."""
        return self._port.getHost() if self._port is not None else None

    def privilegedStartService(self) -> None:
        """Open the endpoint, while the process may still use privileged ports.

        :raises CannotListen: when the endpoint fails at once. Failures that come later, which few
            endpoints have, are only logged.
        """
        self.open()
        if self._failure is not None:
            reason = self._failure.getErrorMessage()
            raise CannotListen(f"cannot listen on {self.description}: {reason}")

    def open(self) -> None:
        """Open the endpoint, unless that is done or under way. A failure is logged."""
        if self._is_wanted and self._failure is None:
            return
        self._is_wanted, self._failure = True, None
        opening: Deferred[IListeningPort] = self._endpoint.listen(self._factory)
        opening.addCallbacks(self._opened, self._not_opened)

    def renew(self) -> None:
        """Have new connections use the certificate as its files are now, where there is one."""
        self._endpoint.renew()

    def names(self) -> tuple[str, ...]:
        """The names of the files of its certificate; none without TLS."""
        return self._endpoint.names()

    def stopService(self) -> Deferred[None]:
        """Close the endpoint; fires when that is done. Sessions go on."""
        super().stopService()
        self._is_wanted = False
        port, self._port = self._port, None
        stopping = port.stopListening() if port is not None else None
        return stopping if stopping is not None else succeed(None)

    def _opened(self, port: IListeningPort) -> None:
        if not self._is_wanted:
            port.stopListening()
            return
        self._port = port
        AcceptLog.replace(port)
        self.log.info("listening on {endpoint}", endpoint=self.description)

    def _not_opened(self, failure: Failure) -> None:
        self._failure = failure
        self.log.tell(CANNOT_LISTEN, endpoint=self.description, reason=failure.getErrorMessage())


class TurnedAway(Protocol):
    """A connection over the limit, which is cut at once.

    A factory that makes None instead breaks listeners that wrap its sessions, as TLS does.
    """

    def connectionMade(self) -> None:
        """Cut the connection."""
        cast(ITCPTransport, self.transport).abortConnection()


S = TypeVar("S", bound=Protocol)


class LimitedFactory(Factory, ABC, Generic[S]):
    """Makes sessions for connections, and cuts connections over a limit.

    Subclasses make the session and name the limit for the log.

    :param limit: connections at one time, bound or not.
    :param refusals: tells of those that are cut, in measure.
    :ivar sessions: sessions whose connection is not lost, in order of arrival.
    :ivar refused: connections that were cut over a limit.
    """

    # Each session has a line of its own in the log.
    noisy = False

    def __init__(self, limit: int, refusals: Summaries) -> None:
        self.sessions: dict[S, None] = {}
        self.limit = limit
        self.refused = 0
        self._refusals = refusals

    @abstractmethod
    def make_session(self) -> S:
        """A session for a new connection."""

    @abstractmethod
    def limit_reached(self) -> str:
        """The reason why a connection is cut, for the log."""

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """A session for a connection from ``addr``, or `TurnedAway` when a limit is reached."""
        reason = self.refusal(addr)
        if reason:
            self.refuse(addr, reason)
            return TurnedAway()
        session = self.make_session()
        session.factory = self
        self.taken(session, addr)
        return session

    def refusal(self, addr: IAddress | None) -> str:
        """Why a connection from ``addr`` is not taken; empty where it is."""
        return self.limit_reached() if len(self.sessions) >= self.limit else ""

    def taken(self, session: S, addr: IAddress | None) -> None:
        """There is a session for a connection from ``addr``."""
        self.sessions[session] = None

    def refuse(self, addr: IAddress | None, reason: str) -> None:
        """A connection is cut: count it, and tell of it."""
        self.refused += 1
        tell_refusal(self._refusals, addr, reason)

    def lost(self, session: S) -> None:
        """The connection of ``session`` is lost: another connection may take its place."""
        self.sessions.pop(session, None)


def tell_refusal(refusals: Summaries, addr: IAddress | None, reason: str) -> None:
    """Tell of a connection from ``addr`` that is cut, in measure."""
    kind, peer = f"{shown_host(addr)}: {reason}", shown_address(addr)
    refusals.add(CONNECTION_CLOSED, kind, peer=peer, reason=reason)


def all_in_use(limit: int) -> str:
    """The reason where ``limit`` sessions are all that a listener may have, for the log."""
    return f"all {limit} sessions of the listener are in use"
