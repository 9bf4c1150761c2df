"""`Here`: tells peers which sessions of ESMEs are bound at this node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.fields import field
from smppgate.gate.peers.told import BoundSession, in_pieces
from smppgate.gate.relay.events import Listener, Session
from smppgate.gate.router import RouterService
from smppgate.routing.sessions import EsmeSession

LOAD_STEP = 4
"""The load of a session is told anew where it has changed by this part of its window."""


class Here(Listener):
    """Learns which sessions are bound, and tells it at the end of the turn.

    :param tell: sends fields to all peers.
    """

    def __init__(self, router: RouterService, tell: Callable[[bytes], None]) -> None:
        self._router = router
        self._tell = tell
        # Tokens of sessions that came or went in this turn, in order.
        self._changed: dict[bytes, None] = {}
        # Those of which peers know, and the load that all of them were told.
        self._loads: dict[bytes, int] = {}

    def bound(self, session: Session) -> None:
        """A session is bound; the ranges of its bind are known later in this turn."""
        self._note(session)

    def lost(self, session: Session, reason: str) -> None:
        """A session has ended, or is unbinding."""
        self._note(session)

    def _note(self, session: Session) -> None:
        if not session.token:
            # It is one of an SMSC.
            return
        if not self._changed:
            self._router.batch.at_end(self._tell_changes)
        self._changed[session.token] = None

    def all(self) -> Iterator[bytes]:
        """All sessions that are bound, a PDU's worth of fields at a time, for a peer that comes.

        The others are not told, and so have the loads that they were told before.
        """
        return in_pieces(self._bound(each) for each in self._router.submitters.of_this_node)

    def look(self) -> None:
        """Tell of sessions whose load is another one than was told."""
        self._say(
            self._noted(session)
            for session in list(self._router.submitters.of_this_node)
            if self._has_other_load(session)
        )

    def _has_other_load(self, session: EsmeSession) -> bool:
        load, told = len(session.outstanding), self._loads.get(session.token, 0)
        return abs(load - told) > session.window // LOAD_STEP

    def _tell_changes(self) -> None:
        changed, self._changed = self._changed, {}
        self._say(map(self._change, changed))

    def _change(self, token: bytes) -> bytes:
        session = self._router.submitters.here(token)
        if session is not None:
            return self._noted(session)
        self._loads.pop(token, None)
        return field(f.LOST, token)

    def _noted(self, session: EsmeSession) -> bytes:
        """What all peers are told of a session."""
        self._loads[session.token] = len(session.outstanding)
        return self._bound(session)

    def _bound(self, session: EsmeSession) -> bytes:
        ranges, ton, npi = self._router.ranges.joined(session)
        return BoundSession(
            session.token,
            session.system_id,
            session.receives,
            session.version.interface_version,
            session.window,
            len(session.outstanding),
            ranges,
            ton,
            npi,
        ).octets()

    def _say(self, parts: Iterable[bytes]) -> None:
        for piece in in_pieces(parts):
            self._tell(piece)
