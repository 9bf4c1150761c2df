"""`RemoteLink`: the links that another node has to an SMSC, as one link of this node's.

It is used while this node has no link of its own that is bound. What is sent on it goes over the
link between the nodes, in an envelope; the answer of the SMSC comes back, and is dealt with here:
the return path is kept where the ESME is.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.fields import envelope, field, wrapped
from smppgate.gate.peers.hop import Hop
from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.told import LinkedSmsc
from smppgate.routing.exchange import TurnedBack
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.errors import SessionLost
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import version_of

REST = 0.05
"""Seconds in which a link is sent nothing whose node had no room for a request."""


class Forwarded:
    """What is unanswered on a remote link. Mutable.

    :param link: between the nodes.
    """

    __slots__ = ("count", "link")

    def __init__(self, link: Link) -> None:
        self.count = 0
        self.link = link

    def __len__(self) -> int:
        return self.count

    def hurry(self) -> None:
        """The request sent last counts as sent before others."""
        self.link.outstanding.hurry()


class SubmitHop(Hop):
    """A request that is under way to an SMSC by way of another node. Mutable and slotted."""

    __slots__ = ("_link",)

    def __init__(self, link: RemoteLink, request: Request) -> None:
        super().__init__(request)
        self._link = link

    def over(self) -> None:
        """It takes no place on the link."""
        self._link.ended()

    def turned_back(self, now: float) -> None:
        """The link is sent nothing for a moment; the request may go to another SMSC."""
        self._link.rest()
        self._request.failed(TurnedBack("the node with the links has no room for it now"))


class RemoteLink:
    """The links of another node to one SMSC, see `smppgate.routing.smscs.links.Link`.

    :param link: to that node; the remote link ends with it.
    :ivar window: what the node has told; 0 while it rests.
    """

    is_remote = True

    def __init__(self, link: Link, smsc: Smsc, told: LinkedSmsc, clock: Clock) -> None:
        self.link = link
        self.smsc = smsc
        self._clock = clock
        self._resting: IDelayedCall | None = None
        self._has_ended = False
        self.outstanding = Forwarded(link)
        self._learn(told)

    def __repr__(self) -> str:
        return f"<RemoteLink of {self.smsc.name} at {self.link.node}>"

    @property
    def node(self) -> str:
        """The node that has the links."""
        return self.link.node

    @property
    def name(self) -> str:
        """What logs call it."""
        return f"{self.smsc.name} at node {self.link.node}"

    def change(self, told: LinkedSmsc) -> None:
        """The node tells of other links, or of the same again. What is open stays open."""
        before = self.window, self.version
        self._learn(told)
        if before != (self.window, self.version):
            self.smsc.windows_changed()

    def _learn(self, told: LinkedSmsc) -> None:
        self._told_window, self.version = told.window, version_of(told.version)
        self.window = 0 if self._resting is not None else told.window
        self._envelope = envelope(
            field(f.MEMBER, self.smsc.name.encode("latin-1")),
            field(f.VERSION, bytes((self.version.interface_version,))),
        )

    def rest(self) -> None:
        """Its node had no room for a request: send it none for a moment."""
        if self._resting is None and not self._has_ended:
            self._resting = self._clock.callLater(REST, self._rested)
            self.window = 0
            self.smsc.windows_changed()

    def _rested(self) -> None:
        self._resting = None
        self.window = self._told_window
        self.smsc.windows_changed()

    def end(self) -> None:
        """It is used no more; what is unanswered on it may be turned back yet."""
        self._has_ended = True
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    def ended(self) -> None:
        """A request that was sent on it has ended."""
        self.outstanding.count -= 1
        if not self.outstanding.count:
            self.smsc.remote_idle()

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send ``octets`` over the link to that node, and await the SMSC's answer."""
        if self.link.has_ended:
            request.failed(SessionLost("the link to another node has ended"))
            return
        self.outstanding.count += 1
        self.link.counts.sent += 1
        self.link.send_request(SubmitHop(self, request), wrapped(octets, self._envelope))
