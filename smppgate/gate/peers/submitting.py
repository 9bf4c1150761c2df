"""`Submitting`: sends requests of other nodes to SMSCs that have links here.

The node with the ESME has chosen the SMSC, counts, tells and logs, and answers the ESME; here the
request only takes its place in the window of a link. It never goes on to a third node.
"""

from __future__ import annotations

from smppgate.gate.peers.failure import NotTaken
from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.smscs import near_links
from smppgate.gate.router import RouterService
from smppgate.gate.submit.ancillary import ANCILLARY
from smppgate.routing.smscs.links import Link as SmscLink
from smppgate.routing.smscs.load import LOST, REFUSED, TAKEN, TIMED_OUT, Outcome
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp import peek
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.errors import NoAnswer, RequestTimeout
from smppgate.txsmpp.frame import Frame, renumbered
from smppgate.txsmpp.sequence import Request

_REQUESTS_ABOUT_MESSAGES = ANCILLARY - {CommandId.BROADCAST_SM}


class Submitted(Request):
    """A request of another node that is under way to an SMSC. Mutable and slotted."""

    __slots__ = ("_clock", "_link", "_number", "_smsc")

    def __init__(
        self, link: Link, number: int, command_id: int, now: float, smsc: Smsc, clock: Clock
    ) -> None:
        super().__init__(command_id, now)
        self._link = link
        self._number = number
        self._smsc = smsc
        self._clock = clock

    def answered(self, frame: Frame, now: float) -> None:
        """The SMSC has answered, whatever the status."""
        self._ended(REFUSED if frame.command_status else TAKEN, now)
        self._link.answer(renumbered(frame.octets, self._number))

    def failed(self, reason: NoAnswer) -> None:
        """The SMSC has not answered in time, or the link to it was lost."""
        outcome = TIMED_OUT if isinstance(reason, RequestTimeout) else LOST
        self._ended(outcome, self._clock.monotonic())
        self._link.answer(NotTaken.of(reason).resp(self.command_id, self._number))

    def _ended(self, outcome: Outcome, now: float) -> None:
        self._smsc.ended(1, outcome, now - self.sent_at)
        self._smsc.for_others[outcome] += 1

    def released(self) -> None:
        """It takes no place in the window of the link any more."""
        self._smsc.released(1)


class Submitting:
    """Sends requests of other nodes to SMSCs."""

    def __init__(self, router: RouterService) -> None:
        self._router = router

    def take(self, link: Link, frame: Frame, message: bytes, name: str, now: float) -> None:
        """Send a request, ``message`` without its envelope, to the SMSC called ``name``."""
        smsc = self._router.smsc_named(name)
        is_message = frame.command_id not in _REQUESTS_ABOUT_MESSAGES
        found = _link(smsc, is_message, now) if smsc is not None else None
        if smsc is None or found is None:
            link.counts.returned += 1
            link.answer(NotTaken.FULL.resp(frame.command_id, frame.sequence_number))
            return
        number, clock = frame.sequence_number, self._router.clock
        smsc.began(1)
        found.send_request(Submitted(link, number, frame.command_id, now, smsc, clock), message)
        if smsc.limits is not None and is_message:
            smsc.limits.passed(found, peek.destinations(message), now)


def _link(smsc: Smsc, is_message: bool, now: float) -> SmscLink | None:
    """A link to ``smsc`` that is bound here and can take one more request."""
    limits = smsc.limits
    if not near_links(smsc):
        return None
    if not is_message:
        # Its rate is one of messages, as where the ESME is here.
        return smsc.query_link()
    if limits is not None and limits.overall.is_shared:
        # It has its tokens from where it comes; here there may be none.
        return None if limits.are_links_dry else smsc.query_link(limits.dry)
    return smsc.link(now) if smsc.outstanding < smsc.capacity else None
