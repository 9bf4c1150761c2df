"""`Node`: one of the other nodes, as this one knows it."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field

from smppgate.gate.peers.counts import LinkCounts
from smppgate.gate.peers.links import PeerLink
from smppgate.gate.peers.sessions import Incoming, Outgoing, PeerSession


@define(eq=False)
class Node:
    """One of the other nodes. Mutable.

    :ivar endpoint: where this node binds at it.
    :ivar link: the service that does so.
    :ivar incoming: its session at which it has bound here; None while there is none that is up.
    :ivar differs: the tables of its settings that are not those of this node.
    :ivar refusal: why it was refused last, or has refused this node; empty once it is up.
    :ivar error: why a link to it ended last; empty while both are up.
    :ivar up_at: since when both are; seconds since 1970, 0 while one is not.
    :ivar counts: of the messages that went over its links.
    """

    name: str
    endpoint: str
    link: PeerLink
    incoming: Incoming | None = None
    differs: tuple[str, ...] = ()
    refusal: str = ""
    error: str = ""
    up_at: float = 0.0
    counts: LinkCounts = field(factory=LinkCounts)

    @property
    def outgoing(self) -> Outgoing | None:
        """The session on which this node has bound at it, once that is up."""
        session = self.link.session
        return session if session is not None and session.is_up else None

    @property
    def state(self) -> str:
        """See `PeerState.state`."""
        if self.outgoing is not None and self.incoming is not None:
            return "up"
        if self.any is not None:
            return "partly"
        return "refused" if self.refusal else "down"

    @property
    def last_error(self) -> str:
        """Why a link to it is not up; empty where both are."""
        return "" if self.state == "up" else self.refusal or self.link.last_error or self.error

    @property
    def any(self) -> PeerSession | None:
        """A session that is up."""
        return self.outgoing or self.incoming

    def sessions(self) -> Iterator[PeerSession]:
        """Those that have not ended, up or not."""
        for session in (self.incoming, self.link.session):
            if session is not None and not session.has_ended:
                yield session
