"""`PeerLink`: the service that keeps the session up on which this node binds at another one."""

from __future__ import annotations

from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.logger import ILogObserver, LogEvent
from zope.interface import implementer

from smppgate.gate.peers.sessions import Incoming, Outgoing, PeerConfig
from smppgate.gate.reports.trouble import in_words
from smppgate.gate.sessions.listener import LimitedFactory
from smppgate.notices.esmes import CONNECTION_CLOSED
from smppgate.notices.peers import PEER_NOT_REACHED
from smppgate.txsmpp.backoff import Backoff
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.reconnecting import Reconnecting, ToldEndpoint

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

    def tell_refusal(self, kind: str, peer: str, reason: str) -> None:
        """Tell of a connection that is cut, with refused binds."""
        self._config.reports.refusals.add(CONNECTION_CLOSED, kind, peer=peer, reason=reason)

    def limit_reached(self) -> str:
        """All connections of peers are in use."""
        return f"all {self.limit} connections of peers are in use"


@implementer(ILogObserver)
class _Quiet:
    """Logs nothing."""

    def __call__(self, event: LogEvent) -> None:
        """Twisted has something to log."""


class PeerLink(Reconnecting[Outgoing]):
    """Binds at one other node, and after any loss binds again.

    :param node: the name of the other node.
    :param place: where it is, for the log.
    :ivar last_error: why the node was not reached at the last try; empty where it was.
    """

    log = Logger()
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
        self.last_error = ""
        self._config = config
        self._node = node
        self._place = place
        told = ToldEndpoint(endpoint, self._not_reached, f"peer {node}")
        super().__init__(told, self._make_session, backoff, config.clock)

    def _make_session(self) -> Outgoing:
        """A session on a connection that was made."""
        self.last_error = ""
        return Outgoing(self._config, self._node)

    def _not_reached(self, error: BaseException) -> None:
        """Tell of several failures in a row once."""
        reason = in_words(error)
        if reason != self.last_error and self._config.hub.is_open:
            self.last_error = reason
            self.log.tell(PEER_NOT_REACHED, node=self._node, endpoint=self._place, reason=reason)
