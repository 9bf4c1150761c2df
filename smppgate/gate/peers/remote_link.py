"""`RemoteLink`: the links that another node has to an SMSC, as one link of this node's.

It is used while this node has no link of its own that is bound. What is sent on it goes over the
link between the nodes, in an envelope; the answer of the SMSC comes back, and is dealt with here:
the return path is kept where the ESME is.
"""

from __future__ import annotations

from smppgate.gate.peers import fields as f
from smppgate.gate.peers.failure import NotTaken
from smppgate.gate.peers.fields import envelope, field, wrapped
from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.told import LinkedSmsc
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import NoAnswer, SessionLost
from smppgate.txsmpp.frame import Frame, resp
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.versions import version_of


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


class SubmitHop(Request):
    """A request that is under way to an SMSC by way of another node. Mutable and slotted."""

    __slots__ = ("_link", "_request")

    def __init__(self, link: RemoteLink, request: Request) -> None:
        super().__init__(request.command_id, request.sent_at)
        self._link = link
        self._request = request

    def answered(self, frame: Frame, now: float) -> None:
        """The SMSC has answered, or the node could not send it the request."""
        self._link.ended()
        request = self._request
        reason = NotTaken.told_in(frame) if frame.command_status else None
        if reason is None:
            request.answered(frame, now)
        elif reason is NotTaken.FULL:
            # It has not been sent, so it may go to another: as when an SMSC is sent too much.
            status, number = int(CommandStatus.ESME_RTHROTTLED), frame.sequence_number
            octets = resp(request.command_id, status, number)
            request.answered(frame._replace(command_status=status, octets=octets), now)
        else:
            request.failed(reason.as_error())
            if reason is NotTaken.TIMED_OUT:
                # The node that has the links counts it, as long as the SMSC may be at work on it.
                request.released()

    def failed(self, reason: NoAnswer) -> None:
        """The node has not answered in time, or the link to it has ended."""
        self._link.ended()
        self._request.failed(reason)

    def answered_late(self, frame: Frame, now: float) -> None:
        """The answer came after `failed`."""
        if not frame.command_status or NotTaken.told_in(frame) is None:
            self._request.answered_late(frame, now)

    def released(self) -> None:
        """It takes no place in the window of the link between the nodes any more."""
        self._request.released()


class RemoteLink:
    """The links of another node to one SMSC, see `smppgate.routing.smscs.links.Link`.

    :param link: to that node; the remote link ends with it.
    """

    is_remote = True

    def __init__(self, link: Link, smsc: Smsc, told: LinkedSmsc) -> None:
        self.link = link
        self.smsc = smsc
        self.window = told.window
        self.version = version_of(told.version)
        self.outstanding = Forwarded(link)
        self._envelope = envelope(
            field(f.MEMBER, smsc.name.encode("latin-1")),
            field(f.VERSION, bytes((self.version.interface_version,))),
        )

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

    def ended(self) -> None:
        """A request that was sent on it has ended."""
        self.outstanding.count -= 1
        if not self.outstanding.count:
            self.smsc.remote_idle()

    def send_request(self, request: Request, octets: bytes) -> None:
        """Send ``octets`` over the link to that node, and await the SMSC's answer."""
        self.outstanding.count += 1
        self.link.counts.sent += 1
        if self.link.has_ended:
            self.outstanding.count -= 1
            request.failed(SessionLost("the link to another node has ended"))
            return
        self.link.send_request(SubmitHop(self, request), wrapped(octets, self._envelope))
