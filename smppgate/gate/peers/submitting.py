"""`Submitting`: sends requests of other nodes to SMSCs that have links here.

The node with the ESME has chosen the SMSC, counts, tells and logs, and answers the ESME; here the
request only takes its place in the window of a link. It never goes on to a third node.
"""

from __future__ import annotations

from smppgate.gate.peers.failure import NotTaken
from smppgate.gate.peers.ports import Link
from smppgate.gate.peers.smscs import near_links
from smppgate.gate.router import RouterService
from smppgate.routing.smscs.links import Link as SmscLink
from smppgate.routing.smscs.load import LOST, REFUSED, TAKEN, TIMED_OUT, Outcome
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.errors import NoAnswer, RequestTimeout
from smppgate.txsmpp.frame import Frame, renumbered
from smppgate.txsmpp.sequence import Request


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

    def take(self, link: Link, frame: Frame, message: bytes, name: bytes, now: float) -> None:
        """Send a request, ``message`` without its envelope, to the SMSC called ``name``."""
        smscs = (each for each in self._router.smscs if each.name.encode("latin-1") == name)
        smsc = next(smscs, None)
        found = self._link(smsc, now) if smsc is not None else None
        if smsc is None or found is None:
            link.counts.returned += 1
            link.answer(NotTaken.FULL.resp(frame.command_id, frame.sequence_number))
            return
        number, clock = frame.sequence_number, self._router.clock
        smsc.began(1)
        found.send_request(Submitted(link, number, frame.command_id, now, smsc, clock), message)
        if smsc.limits is not None:
            smsc.limits.sent(found, 1, now)

    def _link(self, smsc: Smsc, now: float) -> SmscLink | None:
        """A link to ``smsc`` that is bound here and can take one more request."""
        if not near_links(smsc) or smsc.outstanding >= smsc.capacity:
            return None
        return smsc.link(now)
