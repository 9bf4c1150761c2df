"""`Anchor`: where the parts of one message, or the steps of a dialogue, go."""

from __future__ import annotations

from smppgate.routing.smscs.links import Link
from smppgate.routing.smscs.smsc import Smsc


class Anchor:
    """Where the rest of something goes, once the first of it has been sent. Mutable and slotted.

    All exchanges that belong together share one.

    :ivar smsc: the SMSC; None while nothing has been sent.
    :ivar link: its link; what comes after the end of that goes on any of the SMSC's.
    :ivar sent: how many of them were sent there.
    """

    __slots__ = ("link", "sent", "smsc")

    def __init__(self) -> None:
        self.smsc: Smsc | None = None
        self.link: Link | None = None
        self.sent = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.smsc!r}, {self.sent} sent>"

    @property
    def place(self) -> Link | Smsc | None:
        """What has to have room: the link, or the SMSC where that is not bound any more."""
        smsc, link = self.smsc, self.link
        return link if smsc is not None and link in smsc.bound else smsc

    def add(self, smsc: Smsc, link: Link | None) -> None:
        """One was sent to ``smsc``: the rest goes there, on ``link`` as long as that is bound."""
        if smsc is not self.smsc:
            self.smsc, self.sent = smsc, 0
        self.link = link
        self.sent += 1

    def is_begun(self, smsc: Smsc) -> bool:
        """Whether ``smsc`` has others than the one that it has turned down."""
        return self.smsc is smsc and self.sent > 1

    def turned_down(self, smsc: Smsc) -> None:
        """``smsc`` has turned one of them down, which may go there again."""
        if self.is_begun(smsc):
            self.sent -= 1
        else:
            self.release()

    def release(self) -> None:
        """The rest goes anywhere, until the next of it is sent."""
        self.smsc = self.link = None
        self.sent = 0
