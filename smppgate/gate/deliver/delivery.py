"""`Delivery`: a request of an SMSC's that is under way to an ESME."""

from __future__ import annotations

from smppgate.routing.exchange import Exchange, ExchangeListener
from smppgate.routing.related import Dialogue
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.routing.smscs.link_shares import LinkShares
from smppgate.txsmpp.errors import NoAnswer
from smppgate.txsmpp.frame import Frame


class Delivery(Exchange):
    """A deliver_sm or data_sm of an SMSC's. Mutable and slotted.

    Without an answer the SMSC is told its `undelivered_status`.

    :ivar link: where it came from; the origin.
    :ivar session: the ESME session that it was sent to; None before that, and in a queue.
    :ivar shares: what the link's messages under way are counted in.
    :ivar dialogue: what it is a step of; None for all else.
    :ivar is_receipt: whether it is one.
    """

    __slots__ = ("dialogue", "is_receipt", "link", "session", "shares")

    def __init__(
        self, correlator: ExchangeListener, link: SmscSession, frame: Frame, sent_at: float
    ) -> None:
        super().__init__(correlator, link, frame, None, sent_at)
        self.link = link
        self.session: EsmeSession | None = None
        self.shares: LinkShares | None = None
        self.dialogue: Dialogue | None = None
        self.is_receipt = False

    @property
    def failure_status(self) -> int:
        """The command_status that the SMSC is told when no ESME takes it."""
        return self.link.smsc.undelivered_status

    def taken(self) -> None:
        """A session or a queue has it now: the answer to a step goes back to its link.

        One that was turned down has no answer; it may come anew, on another link.
        """
        if self.dialogue is not None:
            self.dialogue.heard(self.link)

    def answered(self, frame: Frame, now: float) -> None:
        """The ESME answered."""
        if self.shares is not None:
            self.shares.ended(self.session, now)
        self.correlator.answered(self, frame, now)

    def failed(self, reason: NoAnswer) -> None:
        """The ESME did not answer in time, or its session was lost."""
        if self.shares is not None:
            self.shares.ended(self.session, None)
        self.correlator.failed(self, reason)
