"""Deliveries to the ESMEs of one system_id, and their repetition."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from smppgate.cli.simulator.agenda import Agenda
from smppgate.cli.simulator.behaviour import Counts
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import NoAnswer
from smppgate.txsmpp.frame import Frame
from smppgate.txsmpp.sequence import Request
from smppgate.txsmpp.statuses import TRANSIENT

_REPEAT_DELAY = 0.5
"""Seconds until a deliver_sm that was not taken is sent again."""

_MAX_ATTEMPTS = 20
"""Times that one deliver_sm is sent at the most."""


class Delivery(Request):
    """One deliver_sm to an ESME. Mutable and slotted: every receipt makes one.

    :ivar attempts: how often it was sent.
    """

    __slots__ = ("attempts", "mailbox", "octets")

    def __init__(self, mailbox: Mailbox, octets: bytes) -> None:
        super().__init__(CommandId.DELIVER_SM, 0.0)
        self.mailbox = mailbox
        self.octets = octets
        self.attempts = 0

    def answered(self, frame: Frame, now: float) -> None:
        """Count the deliver_sm as delivered or failed, or repeat it after a transient status."""
        if frame.command_status == CommandStatus.ESME_ROK:
            self.mailbox.counts.delivered += 1
        elif frame.command_status in TRANSIENT:
            self.mailbox.repeat(self)
        else:
            self.mailbox.counts.delivery_failures += 1
        self.mailbox.resume()

    def failed(self, reason: NoAnswer) -> None:
        """Repeat the deliver_sm; the ESME may thus receive it twice."""
        self.mailbox.repeat(self)
        self.mailbox.resume()


class Receiver(Protocol):
    """A session whose ESME is bound to receive."""

    @property
    def has_room(self) -> bool:
        """Whether one more deliver_sm can be sent now."""

    def deliver(self, delivery: Delivery) -> None:
        """Send ``delivery``."""


@define(eq=False)
class Mailbox:
    """Distributes the deliver_sm for one system_id over its receivers, in turn.

    :param agenda: keeps deliveries that are to be repeated.
    :param counts: the counts of the SMSC.
    :param limit: deliveries that may wait for a receiver.
    :ivar receivers: the sessions bound to receive.
    """

    clock: IReactorTime = field(repr=False)
    agenda: Agenda = field(repr=False)
    counts: Counts = field(repr=False)
    limit: int
    receivers: list[Receiver] = field(factory=list)
    _waiting: deque[Delivery] = field(factory=deque)
    _turn: int = 0

    def __len__(self) -> int:
        """Deliveries that wait for a receiver with room."""
        return len(self._waiting)

    def post(self, octets: bytes) -> None:
        """Send the deliver_sm in ``octets``, or let it wait for a receiver."""
        self.take(Delivery(self, octets))

    def take(self, delivery: Delivery) -> None:
        """Send ``delivery``, or let it wait; beyond ``limit`` it is dropped and counted."""
        receiver = None if self._waiting else self._receiver()
        if receiver is not None:
            receiver.deliver(delivery)
        elif len(self._waiting) < self.limit:
            self._waiting.append(delivery)
        else:
            self.counts.dropped += 1

    def resume(self) -> None:
        """Send waiting deliveries as long as a receiver has room."""
        while self._waiting:
            receiver = self._receiver()
            if receiver is None:
                return
            receiver.deliver(self._waiting.popleft())

    def repeat(self, delivery: Delivery) -> None:
        """Send ``delivery`` again in half a second.

        After 20 attempts, or with a full agenda, it counts as failed.
        """
        if delivery.attempts < _MAX_ATTEMPTS and self.agenda.add(
            self.clock.seconds() + _REPEAT_DELAY, lambda _: self.take(delivery), delivery.octets
        ):
            self.counts.repeated += 1
        else:
            self.counts.delivery_failures += 1

    def _receiver(self) -> Receiver | None:
        """The next receiver with room."""
        receivers = self.receivers
        for _ in receivers:
            self._turn = (self._turn + 1) % len(receivers)
            if receivers[self._turn].has_room:
                return receivers[self._turn]
        return None
