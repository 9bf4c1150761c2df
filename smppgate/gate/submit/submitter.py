"""`Submitter`: relays requests of ESMEs, and of this process, to SMSCs.

The life of a submit_sm:

1. Octets arrive; `FrameBuffer` judges command_length as soon as its four octets are there.
2. `Session` asks the table in `txsmpp.states`: may a bound ESME send this now? If not, it answers
   itself: 0x04, or generic_nack 0x03 for a command that no version has.
3. `Submitter.submit` admits it: over the session's window it is answered 0x58.
4. `Pool.choose` gives an SMSC with room, `Smsc.link` one of its links. Where the link speaks
   another version than the ESME, `adaptation` makes the PDU one that the link can take.
5. `Outstanding.claim` on that link gives the number and stores the `Exchange` under it. The frame
   goes into the link's outbox with four octets changed.
6. The turn of the reactor ends: one write for each outbox that got something.
7. The resp comes back on the link: `Outstanding.answered` gives the exchange, and
   `Correlator.answered` comes back to `Submitter.again` if the status is worth another SMSC. An
   answer that took the message goes to `ReturnPathKeeper.take` (see there).
8. No resp in time: `Correlator.failed` answers ESME_RSYSERR, once. The number stays reserved, in
   the table of late ones; a late answer is used for the return path and goes no further. A lost
   link fails all of its exchanges the same way.

query_sm, cancel_sm and other ancillary requests go from 3 to `AncillaryRequests`.
"""

from __future__ import annotations

from smppgate.gate.options import RouterOptions
from smppgate.gate.relay.correlator import Correlator
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.transform import Transform
from smppgate.gate.reports.undelivered import Miss
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.gate.submit.ancillary import ANCILLARY, AncillaryRequests
from smppgate.routing.exchange import Exchange
from smppgate.routing.sessions import Origin, Requester
from smppgate.routing.smscs.smsc import Link, Smsc
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.versions import V3_3

# Requests that every SMSC knows, whatever its version.
_KNOWN_TO_ALL = V3_3.commands


class Submitter:
    """Admits requests, chooses an SMSC for each, sends them, and tries again elsewhere.

    :param transform: gives requests as SMSCs of another version can take them.
    :param options: `RouterOptions.no_member_status` is looked at for each request.
    """

    def __init__(
        self,
        clock: Clock,
        return_paths: ReturnPathKeeper,
        correlator: Correlator,
        transform: Transform,
        events: Events,
        options: RouterOptions,
    ) -> None:
        self.is_open = True
        """While false, every request is turned down."""
        self._correlator = correlator
        self._transform = transform
        self._events = events
        self._options = options
        self._ancillary = AncillaryRequests(clock, return_paths, correlator, self._send, options)

    @property
    def waiting(self) -> int:
        """Requests that wait for the store."""
        return self._ancillary.waiting

    def submit(self, origin: Requester, frame: Frame, now: float) -> None:
        """Send a request to the SMSC that the balancer chooses, or answer it with an error."""
        policy = origin.policy
        if origin.unanswered >= policy.window:
            self._throttle(origin, frame)
            return
        origin.unanswered += 1
        if frame.command_id in ANCILLARY and self.is_open and self._ancillary.take(origin, frame):
            return
        exchange = Exchange(self._correlator, origin, frame, origin.own_pool or policy.pool, now)
        if self._events.listener is not None:
            self._events.listener.entered(exchange)
        try:
            if self.is_open and self._assign(exchange):
                return
        except PduError as error:
            self._turn_down(exchange, error.command_status, str(error))
            return
        why = "no SMSC can take it now" if self.is_open else "the gate takes no requests now"
        self._turn_down(exchange, self._options.no_member_status, why)

    def again(self, exchange: Exchange, now: float) -> bool:
        """Send a request that an SMSC has turned down to another; False when there is none."""
        if exchange.smsc is None or exchange.origin.has_ended:
            return False
        exchange.tried += (exchange.smsc,)
        exchange.sent_at = now
        try:
            return self._assign(exchange)
        except PduError:
            return False

    def _throttle(self, origin: Requester, frame: Frame) -> None:
        status = int(CommandStatus.ESME_RTHROTTLED)
        self._events.throttled += 1
        self._miss(origin, "over the window of its session", status)
        origin.send(response(frame, status))
        if self._events.listener is not None:
            self._events.listener.turned_down(origin, frame.command_id, status)

    def _turn_down(self, exchange: Exchange, status: int, why: str) -> None:
        self._events.turned_down += 1
        self._miss(exchange.origin, why, status)
        exchange.origin.answer(exchange.resp(status))
        if self._events.listener is not None:
            self._events.listener.ended(exchange, status, exchange.entered_at)

    def _miss(self, origin: Origin, why: str, status: int) -> None:
        self._correlator.missed(Miss(f"at the gate: {why}", origin.system_id, "", status))

    def _assign(self, exchange: Exchange) -> bool:
        """Send it to an SMSC that it has not been to; False when none can take it.

        :raises PduError: when the version of the chosen SMSC cannot express it.
        """
        pool = exchange.pool
        if pool is None:
            return False
        if exchange.command_id not in _KNOWN_TO_ALL and not exchange.tried:
            exchange.tried = pool.without(exchange.command_id)
        while True:
            smsc = pool.choose(exchange.tried)
            if smsc is None:
                return False
            link = smsc.only_link or smsc.link()
            if link is not None:
                break
            # The SMSC has room only on links that are unbinding.
            exchange.tried += (smsc,)
        self._send(exchange, smsc, link, exchange.octets)
        return True

    def _send(self, exchange: Exchange, smsc: Smsc, link: Link, octets: bytes) -> None:
        """Send ``octets`` on a link of ``smsc``.

        :raises PduError: when the version of the link cannot express them.
        """
        if link.version is not exchange.origin.version:
            octets = self._transform.adapted(octets, link.version)
            exchange.adapts = exchange.origin.version
        exchange.smsc = smsc
        exchange.attempts += 1
        smsc.began(1)
        link.send_request(exchange, octets)
        if self._events.listener is not None:
            self._events.listener.sent(exchange)
