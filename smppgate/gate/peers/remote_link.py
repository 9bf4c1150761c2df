"""`RemoteLink`: the links that another node has to an SMSC, as one link of this node's.

It is used while this node has no link of its own that is bound. What is sent on it goes over the
link between the nodes, in an envelope; the answer of the SMSC comes back, and is dealt with here:
the return path is kept where the ESME is.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import IDelayedCall

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.fields import all_wrapped, envelope, field, wrapped
from smppgate.gate.peers.hop import Hop
from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.told import LinkedSmsc
from smppgate.routing.exchange import TurnedBack
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.errors import SessionLost
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Place, Request, RequestRun
from smppgate.txsmpp.versions import version_of

PAUSE = 0.02
"""Seconds in which a node is asked for nothing that had no room at all."""


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

    @property
    def requests(self) -> dict[int, Request | Place]:
        """What is unanswered on the link between the nodes, see `Outstanding`; others' too."""
        return self.link.outstanding.requests

    def claim_run(self, run: RequestRun, at: int, count: int) -> Sequence[int]:
        """See `Outstanding.claim_run`."""
        self.count += count
        return self.link.outstanding.claim_run(run, at, count)

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

    def answered(self, frame: Frame, now: float) -> None:
        """The SMSC has answered, or the other node could not give it the request."""
        if not frame.command_status:
            self._link.taken()
        super().answered(frame, now)

    def turned_back(self, now: float) -> None:
        """There is less room than was thought; the request may go to another SMSC."""
        self._link.crowded()
        self._request.failed(TurnedBack("the node with the links has no room for it now"))


class RemoteLink:
    """The links of another node to one SMSC, see `smppgate.routing.smscs.links.Link`.

    That node, and others, use these links as well. What is left of them for this node is found out
    as TCP does with a path: where there was no room, no more than what is under way is sent until
    as many were answered as may be; then one more, and so on. Where nothing is under way, one is
    tried after `PAUSE`.

    :param link: to that node; the remote link ends with it.
    :param clock: for that try.
    :ivar window: requests that may be unanswered on it.
    """

    is_remote = True

    def __init__(self, link: Link, smsc: Smsc, told: LinkedSmsc, clock: Clock) -> None:
        self.link = link
        self.smsc = smsc
        self._clock = clock
        self._pause: IDelayedCall | None = None
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

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be sent on it any more."""
        return self.link.has_ended

    @property
    def max_pdu_size(self) -> int:
        """Octets that a PDU of the node may have."""
        return self.link.max_pdu_size

    def change(self, told: LinkedSmsc) -> None:
        """The node tells of other links, or of the same again. What is open stays open."""
        if (told.window, version_of(told.version)) != (self._whole, self.version):
            self._learn(told)
            self.smsc.windows_changed()

    def _learn(self, told: LinkedSmsc) -> None:
        self.window = self._whole = told.window
        self._taken, self.version = 0, version_of(told.version)
        self._envelope = envelope(
            field(f.MEMBER, self.smsc.name.encode("latin-1")),
            field(f.VERSION, bytes((self.version.interface_version,))),
        )

    def crowded(self) -> None:
        """The node had no room for a request, beside those that are under way."""
        if not self._has_ended:
            # It may have been told of fewer meanwhile than were under way then.
            self._change(min(self.outstanding.count, self.window))
            if not self.window and self._pause is None:
                self._pause = self._clock.callLater(PAUSE, self._try_again)

    def taken(self, count: int = 1) -> None:
        """The SMSC has taken ``count`` requests: it may have room for more."""
        while count and self.window < self._whole:
            count -= 1
            self._taken += 1
            if self._taken >= self.window:
                self._change(self.window + 1)

    def end(self) -> None:
        """It is used no more; what is unanswered on it may be turned back yet."""
        self._has_ended = True
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _try_again(self) -> None:
        self._pause = None
        self._change(max(1, self.window))

    def _change(self, window: int) -> None:
        self._taken = 0
        if window != self.window:
            self.window = window
            self.smsc.windows_changed()

    def ended(self, count: int = 1) -> None:
        """``count`` requests that were sent on it have ended."""
        self.outstanding.count -= count
        if not self.outstanding.count:
            self.smsc.remote_idle()

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send ``octets`` over the link to that node, and await the SMSC's answer."""
        if self.link.has_ended:
            request.failed(SessionLost("the link to another node has ended"))
            return
        self.outstanding.count += 1
        self.link.counts.sent += 1
        self.link.send_request(self.hop(request), wrapped(octets, self._envelope))

    # For runs, see `RunLink`

    def hop(self, request: Request) -> SubmitHop:
        """What awaits the answer to a request that is sent on it."""
        return SubmitHop(self, request)

    def took(self, count: int) -> None:
        """The SMSC has taken ``count`` messages of runs: each has ended."""
        self.taken(count)
        self.ended(count)

    def send_run(self, octets: bytearray, places: Sequence[int]) -> None:
        """Send messages that are counted, and have numbers of the link between the nodes.

        :param places: where each of them begins in ``octets``, and the last one ends.
        """
        self.link.counts.sent += len(places) - 1
        self.link.send(all_wrapped(octets, places, self._envelope))
