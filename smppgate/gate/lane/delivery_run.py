"""`DeliveryRun`: deliver_sm that came in one read, under way to sessions of ESMEs."""

from __future__ import annotations

from typing import cast

from smppgate.gate.deliver.delivery import Delivery
from smppgate.gate.deliver.receipt_delivery import Matched, ReceiptDelivery
from smppgate.gate.deliver.receipts import Receipts
from smppgate.gate.relay.correlator import Correlator
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, renumbered
from smppgate.txsmpp.sequence import RequestRun

_DELIVER_SM = int(CommandId.DELIVER_SM)

Message = tuple[int, bytes, EsmeSession, "Matched | None"]
"""A deliver_sm that was sent: the number that the SMSC used, its octets, the session that has it,
and what is known of it if it is a receipt."""


class DeliveryRun(RequestRun):
    """Plain deliver_sm of one read. Mutable and slotted: one is made for each read.

    A `Delivery` is made only of a message that does not end as most do, answered ESME_ROK in time:
    see `single`.

    :param receipts: makes those of receipts.
    :param link: where they came from.
    :ivar messages: those that were sent, in order; None in place of those that have ended.
    """

    __slots__ = ("_correlator", "_receipts", "link", "messages")

    def __init__(
        self, correlator: Correlator, receipts: Receipts, link: SmscSession, sent_at: float
    ) -> None:
        self.command_id, self.sent_at = _DELIVER_SM, sent_at
        self._correlator = correlator
        self._receipts = receipts
        self.link = link
        self.messages: list[Message | None] = []

    def send(
        self,
        session: EsmeSession,
        number: int,
        asked: bytes,
        octets: bytes,
        matched: Matched | None,
    ) -> None:
        """Send a message to ``session``.

        :param number: the SMSC's.
        :param asked: as the SMSC sent it.
        :param octets: as the ESME gets it.
        """
        messages = self.messages
        self.link.shares.began(session, self.sent_at)
        mine = session.outstanding.claim((self, len(messages)))
        messages.append((number, asked, session, matched))
        session.send(renumbered(octets, mine))

    def delivery(self, number: int, octets: bytes, matched: Matched | None) -> Delivery:
        """The delivery of a message that is none of the run's."""
        if matched is not None:
            return self.receipt(number, octets, matched)
        frame = Frame(_DELIVER_SM, 0, number, octets)
        return Delivery(self._correlator, self.link, frame, self.sent_at)

    def receipt(self, number: int, octets: bytes, matched: Matched) -> ReceiptDelivery:
        """The same of a receipt."""
        frame = Frame(_DELIVER_SM, 0, number, octets)
        return self._receipts.delivery(self.link, frame, matched, self.sent_at)

    def single(self, at: int) -> Delivery:
        """The delivery of the message at ``at``, which is none of the run's any more."""
        number, octets, session, matched = cast(Message, self.messages[at])
        self.messages[at] = None
        delivery = self.delivery(number, octets, matched)
        delivery.session, delivery.shares = session, self.link.shares
        delivery.account, delivery.attempts = session.system_id, 1
        return delivery
