"""`DeliveryRun`: deliver_sm that came in one read, under way to sessions of ESMEs."""

from __future__ import annotations

from typing import cast

from smppgate.gate.deliver.delivery import Delivery
from smppgate.gate.deliver.receipt_delivery import Matched, ReceiptDelivery
from smppgate.gate.deliver.receipts import Receipts
from smppgate.gate.relay.correlator import Correlator
from smppgate.routing.return_path.records import ReturnPath
from smppgate.routing.sessions import EsmeSession, SmscSession
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.frame import Frame, renumbered
from smppgate.txsmpp.located_receipt import located_receipt
from smppgate.txsmpp.sequence import RequestRun

_DELIVER_SM = int(CommandId.DELIVER_SM)

Known = tuple[bytes, ReturnPath, bytes, bool]
"""What is known of a receipt: the SMSC's id of its message, the return path, the key that this is
kept under, and whether the receipt is final. All that it says would be eight objects more for each
that is under way; it is read again where the message does not end as most do."""

Message = tuple[int, bytes, EsmeSession, Known | None]
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
        known: Known | None,
    ) -> None:
        """Send a message to ``session``.

        :param number: the SMSC's.
        :param asked: as the SMSC sent it.
        :param octets: as the ESME gets it.
        """
        messages = self.messages
        self.link.shares.began(session, self.sent_at)
        mine = session.outstanding.claim((self, len(messages)))
        messages.append((number, asked, session, known))
        session.send(renumbered(octets, mine))

    def delivery(self, number: int, octets: bytes, known: Known | None) -> Delivery:
        """The delivery of a message that is none of the run's."""
        if known is not None:
            return self.receipt(number, octets, known)
        frame = Frame(_DELIVER_SM, 0, number, octets)
        return Delivery(self._correlator, self.link, frame, self.sent_at)

    def receipt(self, number: int, octets: bytes, known: Known) -> ReceiptDelivery:
        """The same of a receipt."""
        matched = Matched(located_receipt(octets), *known[:3])
        frame = Frame(_DELIVER_SM, 0, number, octets)
        return self._receipts.delivery(self.link, frame, matched, self.sent_at)

    def single(self, at: int) -> Delivery:
        """The delivery of the message at ``at``, which is none of the run's any more."""
        number, octets, session, known = cast(Message, self.messages[at])
        self.messages[at] = None
        delivery = self.delivery(number, octets, known)
        delivery.session, delivery.shares = session, self.link.shares
        delivery.account, delivery.attempts = session.system_id, 1
        return delivery
