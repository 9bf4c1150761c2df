"""`RemoteSession`: an ESME's session that is bound at another node.

Clusters, the dispatcher, receipts and queues have it among the others and send it messages as they
do to any session. What it is sent goes over the link to that node, in an envelope; the answer of
the ESME comes back on the link. It never is the origin of a request: those are the business of its
own node.
"""

from __future__ import annotations

from typing import Any

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.failure import NotTaken
from smppgate.gate.peers.fields import envelope, field, wrapped
from smppgate.gate.peers.hop import Hop
from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.told import BoundSession
from smppgate.routing.esmes.account import Account
from smppgate.routing.sessions import EsmeSession
from smppgate.routing.smscs.smsc import Smsc
from smppgate.routing.tally import Tally
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.errors import SessionLost
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import version_of

REST = 0.05
"""Seconds in which a session is sent nothing that could not take a message."""


class UnderWay:
    """What is unanswered on a session of another node, as far as is known here. Mutable.

    :ivar told: what its node has told last.
    :ivar own: what was sent from here.
    """

    __slots__ = ("own", "told")

    def __init__(self, told: int) -> None:
        self.told, self.own = told, 0

    def __len__(self) -> int:
        return max(self.told, self.own)


class DeliverHop(Hop):
    """A request that is under way to a session of another node. Mutable and slotted."""

    __slots__ = ("_session",)

    def __init__(self, session: RemoteSession, request: Request) -> None:
        super().__init__(request)
        self._session = session

    def over(self) -> None:
        """It takes no place in the window of the session."""
        self._session.outstanding.own -= 1

    def turned_back(self, now: float) -> None:
        """The session is sent nothing for a moment."""
        self._session.rest(now)
        self._request.failed(NotTaken.FULL.as_error())


class RemoteSession:
    """A session of another node, see `EsmeSession`: what of that a receiver of messages needs.

    :param link: to its node; the session ends with it.
    :param account: that it is bound to.
    :ivar has_ended: whether it is over, or the link to its node is.
    """

    is_remote = True
    submits = False
    tells_congestion = False
    queries = False

    def __init__(
        self, link: Link, account: Account[EsmeSession], told: BoundSession, clock: Clock
    ) -> None:
        self.link = link
        self.account = account
        self.token = told.token
        self.system_id = told.account
        self.version = version_of(told.version)
        self.has_ended = False
        self.outstanding = UnderWay(told.load)
        self.answer_forms: dict[Smsc, Any] = {}
        self._clock = clock
        self._rests_until = 0.0
        self._envelope = envelope(
            field(f.ACCOUNT, self.system_id),
            field(f.SESSION, self.token),
            field(f.VERSION, bytes((self.version.interface_version,))),
        )
        self.change(told)

    def __repr__(self) -> str:
        return f"<RemoteSession {self.token!r} of {self.system_id!r} at {self.link.node}>"

    def change(self, told: BoundSession) -> None:
        """Its node tells of it anew."""
        self.receives, self.window = told.receives, told.window
        self.outstanding.told = told.load

    @property
    def tally(self) -> Tally:
        """Where its messages are counted: that of its account."""
        return self.account.tally

    @property
    def where(self) -> str:
        """The node that it is bound at, for logs."""
        return f"node {self.link.node}"

    @property
    def writable(self) -> bool:
        """Whether its node reads what it is sent."""
        return self.link.writable

    @property
    def has_room(self) -> bool:
        """Whether it can take one more request now, as far as is known here."""
        if self.has_ended or self.outstanding.own >= self.window or not self.link.has_room:
            return False
        return not self._rests_until or self._is_rested()

    def rest(self, now: float) -> None:
        """It could not take a message: send it none for a moment."""
        self._rests_until = now + REST

    def _is_rested(self) -> bool:
        if self._clock.monotonic() < self._rests_until:
            return False
        self._rests_until = 0.0
        return True

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send ``octets`` over the link to its node, and await the ESME's answer."""
        if self.has_ended:
            request.failed(SessionLost("the session at another node has ended"))
            return
        self.outstanding.own += 1
        self.link.counts.sent += 1
        self.link.send_request(DeliverHop(self, request), wrapped(octets, self._envelope))

    def send_unanswered(self, octets: bytes) -> None:
        """Send an alert_notification over the link to its node."""
        self.link.send_unanswered(wrapped(octets, self._envelope))

    # What its own node sees to

    def policy_changed(self) -> None:
        """The rules of its account are its own node's to apply."""

    def leave(self, reason: str, seconds: float) -> None:
        """Its own node unbinds it."""

    def probe(self, patience: float) -> None:
        """Its own node asks it for a sign of life."""
