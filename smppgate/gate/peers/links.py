"""`PeerLink`: the service that keeps the session up on which this node binds at another one."""

from __future__ import annotations

from twisted.application.internet import ClientService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.logger import ILogObserver, LogEvent
from twisted.python.failure import Failure
from zope.interface import implementer

from smppgate.gate.peers.sessions import Incoming, Outgoing, PeerConfig
from smppgate.gate.reports.trouble import in_words
from smppgate.gate.sessions.links import Backoff
from smppgate.gate.sessions.listener import LimitedFactory
from smppgate.txsmpp.log import Logger

SHORTEST, LONGEST = 0.1, 1.0
"""Seconds of the first and of the longest pause between two tries to connect."""

MOST_CONNECTIONS = 128
"""Connections to the listener for peers: some may be dead, and not known to be."""


class IncomingFactory(LimitedFactory[Incoming]):
    """Makes the sessions at which other nodes bind."""

    def __init__(self, config: PeerConfig) -> None:
        super().__init__(MOST_CONNECTIONS)
        self._config = config

    def make_session(self) -> Incoming:
        """A session that waits for a bind."""
        return Incoming(self._config, self)

    def tell_refusal(self, line: str, kind: str) -> None:
        """Tell of a connection that is cut, with refused binds."""
        self._config.reports.refusals.add(line, kind)

    def limit_reached(self) -> str:
        """All connections of peers are in use."""
        return f"all {self.limit} connections of peers are in use"


class _Factory(Factory):
    """Makes the sessions of one link, one after the other."""

    noisy = False

    def __init__(self, config: PeerConfig, node: str) -> None:
        self._config = config
        self._node = node
        self.session: Outgoing | None = None

    def buildProtocol(self, addr: IAddress | None) -> Outgoing:
        """A session on a connection to ``addr``."""
        self.session = Outgoing(self._config, self._node)
        self.session.factory = self
        return self.session


@implementer(IStreamClientEndpoint)
class _ToldEndpoint:
    """An endpoint whose failures are logged, each of several in a row once."""

    log = Logger()

    def __init__(self, node: str, place: str, endpoint: IStreamClientEndpoint) -> None:
        self._node = node
        self._place = place
        self._endpoint = endpoint
        self.last_error = ""

    def __repr__(self) -> str:
        # `ClientService` writes it to the log.
        return f"peer {self._node}"

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect, and log a failure."""
        connecting: Deferred[IProtocol] = self._endpoint.connect(protocolFactory)
        return connecting.addCallbacks(self._connected, self._failed)

    def _connected(self, protocol: IProtocol) -> IProtocol:
        self.last_error = ""
        return protocol

    def _failed(self, failure: Failure) -> Failure:
        # A stop gives up what is still being connected.
        if failure.value is None or failure.check(CancelledError):
            return failure
        reason = in_words(failure.value)
        if reason != self.last_error:
            self.last_error = reason
            self.log.warn(
                "peer {name} not reached at {place}: {reason}",
                name=self._node,
                place=self._place,
                reason=reason,
            )
        return failure


@implementer(ILogObserver)
class _Quiet:
    """Logs nothing."""

    def __call__(self, event: LogEvent) -> None:
        """Twisted has something to log."""


class PeerLink(ClientService):
    """Binds at one other node, and after any loss binds again.

    :param node: the name of the other node.
    :param place: where it is, for the log.
    """

    # Twisted would log each try, a line a second while a node is away.
    _log = Logger(observer=_Quiet())

    def __init__(
        self,
        config: PeerConfig,
        node: str,
        place: str,
        endpoint: IStreamClientEndpoint,
        backoff: Backoff,
    ) -> None:
        self.backoff = backoff
        self._factory = _Factory(config, node)
        self._told = _ToldEndpoint(node, place, endpoint)
        super().__init__(self._told, self._factory, retryPolicy=backoff, clock=config.clock)

    @property
    def session(self) -> Outgoing | None:
        """The latest session; it may have ended."""
        return self._factory.session

    @property
    def last_error(self) -> str:
        """Why the node was not reached at the last try; empty where it was."""
        return self._told.last_error
