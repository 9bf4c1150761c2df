"""`Submitter`: relays requests of ESMEs, and of this process, to SMSCs.

The life of a submit_sm:

1. Octets arrive; `FrameBuffer` judges command_length as soon as its four octets are there.
2. `Session` asks the table in `txsmpp.states`: may a bound ESME send this now? If not, it answers
   itself: 0x04, or generic_nack 0x03 for a command that no version has.
3. `Submitter.submit` admits it, or `submit_all` a read of nothing else: over the session's window
   it is answered 0x58. Over the rate of its account or session it is too, or goes into a
   `RateRoom` first.
   Rules that do not ask for its SMSC change it then (`Transform.submitted`); all that follows
   goes by what they have made.
4. Its pool is that of its account, or where there are routes, what `Routes.choose` says: see
   `PoolChoice`. A part of a long message, or a step of a dialogue, goes where the others went
   (`Related`). For all else `Pool.choose` gives a member with room, `Smsc.link` one of its links,
   and the `Assigner` sends it there. Rules for that SMSC change it (`Transform.to_smsc`), for each
   attempt anew; where the link speaks another version than the ESME, `adaptation` makes the PDU
   one that the link can take. If there is no room, or others wait already, it goes into the
   `WaitingRoom`, which brings it back to 4. An SMSC that has been sent all that its rate allows
   has no room until it may be sent another.
5. `Outstanding.claim` on that link gives the number and stores the `Exchange` under it. The frame
   goes into the link's outbox with four octets changed.
6. The turn of the reactor ends: one write for each outbox that got something.
7. The resp comes back on the link: `Outstanding.answered` gives the exchange, and
   `Correlator.answered` hands an answer that took the message to `ReturnPathKeeper.take` (see
   there). An error comes to `Retries.refused`: to 4, if the status is worth another SMSC,
   and as long as the pool has attempts and the message has time.
8. No resp in time: `Correlator.failed` answers ESME_RSYSERR, once. The number stays reserved, in
   the table of late ones; a late answer is used for the return path and goes no further. A lost
   link fails all of its exchanges the same way, unless `Retries.unanswered` sends them again.

A read of plain ones leaves this way before 2, as a `Run` of `gate.lane`: it is numbered, shared
out and answered as a whole. A message that ends in another way comes back, with an exchange made
then: at 4 where no link has room for it, at 7 where it is not taken, and at 8.

query_sm, cancel_sm and other ancillary requests go from 3 to `AncillaryRequests`.
"""

from __future__ import annotations

from collections.abc import Sequence

from smppgate.gate.options import RouterOptions
from smppgate.gate.relay.correlator import Correlator
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.reason import Cause, Reason, of_route
from smppgate.gate.relay.transform import Transform
from smppgate.gate.reports.undelivered import Miss
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.gate.submit.ancillary import ANCILLARY, AncillaryRequest, AncillaryRequests
from smppgate.gate.submit.assigner import KNOWN_TO_ALL, Assigner, pass_over_unknowing
from smppgate.gate.submit.health_watch import HealthWatch
from smppgate.gate.submit.pool_choice import PoolChoice
from smppgate.gate.submit.refill_timer import RefillTimer
from smppgate.gate.submit.retries import Retries
from smppgate.gate.submit.waiting_room import WaitingRoom
from smppgate.routing.exchange import Exchange, hold_of
from smppgate.routing.limits.esme_limits import EsmeRates
from smppgate.routing.plain import is_rewritten
from smppgate.routing.related import Related
from smppgate.routing.rewrite.rules import Chain
from smppgate.routing.routes.table import Routes
from smppgate.routing.sessions import Origin, Requester
from smppgate.routing.smscs.pool import Pool, Share
from smppgate.txsmpp import peek
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId, CommandStatus
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.segments import stands_alone

_SUBMIT_SM = int(CommandId.SUBMIT_SM)
_OVER_WINDOW = Reason.WINDOW.because("over the window of its session")


class Submitter:
    """Admits requests, and has each sent to an SMSC, or lets it wait.

    :param related: knows what belongs together.
    :param transform: gives requests as SMSCs of another version can take them.
    :param health: is told of each error.
    :param options: `RouterOptions.no_member_status` is looked at for each request.
    :ivar pools: chooses their pools, by routes where there are any.
    :ivar retries: tries again what an SMSC has refused.
    :ivar waiting_room: what no SMSC could take yet.
    :ivar refills: tells accounts and SMSCs that have a limit when they may go on.
    """

    def __init__(
        self,
        clock: Clock,
        batch: Batch,
        return_paths: ReturnPathKeeper,
        correlator: Correlator,
        transform: Transform,
        related: Related,
        events: Events,
        health: HealthWatch,
        options: RouterOptions,
    ) -> None:
        self.is_open = True
        """While false, every request is turned down."""
        self._clock = clock
        self._correlator = correlator
        self._related = related
        self._events = events
        self._options = options
        self._transform = transform
        self._assigner = assigner = Assigner(transform, events)
        self.refills = RefillTimer(clock)
        self.waiting_room = WaitingRoom(clock, batch, self, events, options, self.refills)
        self.pools = PoolChoice(clock, batch, self.waiting_room, events)
        self.retries = Retries(assigner, self.waiting_room, self.pools, health)
        self._ancillary = AncillaryRequests(
            clock,
            return_paths,
            correlator,
            assigner.send,
            self.turn_down,
            self.waiting_room,
            options,
            self.pools.pools_of,
            transform.cancelling,
        )

    @property
    def looked_up(self) -> int:
        """Requests that wait for the store."""
        return self._ancillary.waiting

    def submit_all(self, origin: Requester, frames: Sequence[Frame], now: float) -> None:
        """`submit` for each of ``frames``, the submit_sm of one read.

        What they have in common is found out once: a run of them costs little more than sending.
        It is one if all of them are within all limits.
        """
        policy, count = origin.policy, len(frames)
        pool = origin.own_pool or policy.pool
        if (
            pool is None
            or is_rewritten(pool, origin.system_id, self.rules)
            or policy.window - origin.unanswered < count
            or not self.admits_all(origin, count, now)
        ):
            for frame in frames:
                self.submit(origin, frame, now)
            return
        # They may go to any member, where neither routes nor keys say otherwise.
        is_free = not pool.keys_all and not self.is_routed(origin)
        if not (pool.is_limited and is_free and self._assigner.begin_run(pool, count, now)):
            self._submit_run(origin, frames, pool, now, is_free)
            return
        try:
            self._submit_run(origin, frames, pool, now, is_free)
        finally:
            self._assigner.end_run(now)

    # For the lane

    @property
    def rules(self) -> Chain:
        """The rules for messages of ESMEs."""
        return self._transform.rewriting.submit

    def is_routed(self, origin: Requester) -> bool:
        """Whether routes say where its messages go."""
        return self.pools.routes is not None and origin.is_routed

    def admits_all(self, origin: Requester, count: int, now: float) -> bool:
        """Whether ``count`` messages are within all rates of ``origin``: then they are counted."""
        if not self.is_open:
            return False
        rates, limit = origin.policy.rates, origin.limit
        return rates is None or limit is None or limit.admits_all(rates, now, count)

    def submit_admitted(
        self, origin: Requester, frames: Sequence[Frame], pool: Pool, now: float
    ) -> None:
        """Send messages that `admits_all` has counted and that may go to any member of ``pool``,
        or let them wait."""
        self._submit_run(origin, frames, pool, now, is_free=True)

    def submit_to(
        self, origin: Requester, frames: Sequence[Frame], pool: Pool, share: Share, now: float
    ) -> None:
        """Send such messages to a link that ``pool`` has assigned them to, one by one."""
        for frame in frames:
            origin.unanswered += 1
            exchange = Exchange(self._correlator, origin, frame, pool, now)
            try:
                self._assigner.send_on(exchange, share.smsc, share.link, now)
            except PduError as error:
                self._refuse(exchange, error)

    def take_tokens(self, share: Share, now: float) -> None:
        """What ``share`` says has been sent."""
        self._assigner.take_tokens(share.smsc, share.link, share.size, now)

    # In one read

    def _submit_run(
        self, origin: Requester, run: Sequence[Frame], pool: Pool, now: float, is_free: bool
    ) -> None:
        """Send messages that are within all limits.

        :param is_free: whether those that stand alone may go to any member.
        """
        correlator, tell_entered = self._correlator, self._events.tell_entered
        send_to = self._assigner.send_to
        for frame in run:
            origin.unanswered += 1
            exchange = Exchange(correlator, origin, frame, pool, now)
            if tell_entered is not None:
                tell_entered(exchange)
            if pool.waiting or not is_free or not stands_alone(frame.octets):
                self._place(exchange, origin, pool, now, is_over_rate=False)
                continue
            try:
                smsc = pool.choose(now, None, ())
                if smsc is None or send_to(exchange, smsc, pool.choose, now) is None:
                    self._wait(exchange, pool, origin, is_over_rate=False)
            except PduError as error:
                self._refuse(exchange, error)

    def submit(self, origin: Requester, frame: Frame, now: float) -> None:
        """Send a request to the SMSC that the balancer chooses, or let it wait for one."""
        if self.admits(origin, frame):
            self.submit_counted(origin, frame, now)

    def admits(self, origin: Requester, frame: Frame) -> bool:
        """Whether a request is within the window of its session: then it is counted as unanswered,
        else it is answered."""
        if origin.unanswered >= origin.policy.window:
            self._throttle(origin, frame)
            return False
        origin.unanswered += 1
        return True

    def submit_counted(self, origin: Requester, frame: Frame, now: float) -> None:
        """`submit` what `admits` has counted."""
        is_ancillary = frame.command_id in ANCILLARY
        if is_ancillary and self.is_open and self._ancillary.take(origin, frame):
            return
        exchange = self.exchange(origin, frame, now)
        if self._events.tell_entered is not None:
            self._events.tell_entered(exchange)
        self._submit(origin, exchange, now)

    def exchange(self, origin: Requester, frame: Frame, now: float) -> Exchange:
        """That of a request which came at ``now``."""
        pool = origin.own_pool or origin.policy.pool
        return Exchange(self._correlator, origin, frame, pool, now)

    # For hooks, which may change what has come

    def submit_entered(self, origin: Requester, exchange: Exchange, now: float) -> None:
        """`submit` a message that `admits` has counted, and that has entered some time ago.

        Where its target is set, no route is asked.
        """
        exchange.sent_at = now
        # A reload may have given its account another pool meanwhile.
        exchange.pool = origin.own_pool or origin.policy.pool
        if exchange.target is not None:
            exchange.pool = exchange.target.pool(exchange.command_id)
        self._submit(origin, exchange, now)

    # One request

    def _submit(self, origin: Requester, exchange: Exchange, now: float) -> None:
        pool, rates = exchange.pool, origin.policy.rates
        is_over_rate = rates is not None and self._is_over_rate(
            origin, rates, exchange.command_id, exchange.octets, now
        )
        if pool is None or not self.is_open:
            reason = Reason.NO_SMSC if self.is_open else Reason.STOPPING
            cause = reason.because("the gate takes no requests now")
            self.turn_down(exchange, self._options.no_member_status, cause)
            return
        try:
            self._transform.submitted(exchange)
        except PduError as error:
            cause = Reason.REFUSED.because(str(error))
            self.turn_down(exchange, error.command_status, cause)
            return
        self._place(exchange, origin, pool, now, is_over_rate)

    def _place(
        self, exchange: Exchange, origin: Requester, pool: Pool, now: float, is_over_rate: bool
    ) -> None:
        """Send it, or let it wait, where it belongs: with others, as routes say, by its key."""
        command_id, octets = exchange.command_id, exchange.octets
        is_alone = command_id == _SUBMIT_SM and stands_alone(octets)
        if not is_alone and origin.own_pool is None:
            exchange.anchor = self._related.anchor(origin, octets, now)
        if self.pools.routes is not None and origin.is_routed and exchange.target is None:
            routed = self._routed(exchange, self.pools.routes)
            if routed is None:
                return
            pool = routed
        if pool.keys_all or (pool.has_keys and not is_alone):
            exchange.key = pool.key(command_id, octets, origin.system_id)
        try:
            is_behind = is_over_rate or (pool.waiting and self._is_behind(exchange))
            if is_behind or self._assigner.assign(exchange, pool, now) is None:
                self._wait(exchange, pool, origin, is_over_rate)
        except PduError as error:
            self._refuse(exchange, error)

    # For the waiting room

    def dispatch(self, exchange: Exchange, now: float) -> bool:
        """Send what has waited; False when no SMSC has room for it.

        :raises PduError: when the version of the chosen SMSC cannot express it.
        """
        exchange.sent_at = now
        if isinstance(exchange, AncillaryRequest):
            return self._ancillary.dispatch(exchange)
        pool = exchange.pool
        return pool is not None and self._assigner.assign(exchange, pool, now) is not None

    def turn_down(self, exchange: Exchange, status: int, cause: Cause) -> None:
        """Answer a request with an error of the gate's own."""
        self._events.turned_down += 1
        if exchange.pool is not None:
            self._miss(exchange.origin, cause, status)
        exchange.origin.answer(exchange.resp(status))
        if self._events.tell_ended is not None:
            self._events.tell_ended(exchange, status, self._clock.monotonic(), cause)

    def route(self, exchange: Exchange, requester: Requester, is_anew: bool) -> int:
        """See `PoolChoice.route`."""
        return self.pools.route(exchange, requester, is_anew)

    # Waiting and refusing

    def _routed(self, exchange: Exchange, routes: Routes) -> Pool | None:
        """The pool that routes say; None where they say none, and it has been answered."""
        target = self.pools.target(exchange, routes)
        if target.status:
            self._events.rejected += 1
            self.turn_down(exchange, target.status, of_route(target))
            return None
        exchange.pool = pool = target.pool(exchange.command_id)
        return pool

    def _is_over_rate(
        self, origin: Requester, rates: EsmeRates, command_id: int, octets: bytes, now: float
    ) -> bool:
        """Whether a message has to wait for tokens, else it takes them."""
        limit = origin.limit
        if limit is None or limit.admits(rates, now, peek.destinations(octets)):
            return False
        self._events.over_rate += 1
        if self._events.tell_over_rate is not None:
            self._events.tell_over_rate(origin, command_id)
        return True

    def _wait(self, exchange: Exchange, pool: Pool, origin: Requester, is_over_rate: bool) -> None:
        if exchange.command_id not in KNOWN_TO_ALL:
            pass_over_unknowing(exchange, pool)
        # The session of an SMSC that serves one ESME alone does not come back.
        may_come = origin.own_pool is None or pool.is_up
        rates = origin.policy.rates
        is_rejected = is_over_rate and rates is not None and rates.rejects
        may_wait = hold_of(exchange, origin) > 0 and not is_rejected
        if may_wait and exchange.candidates and may_come:
            self.waiting_room.add(exchange, origin, is_over_rate)
        elif is_over_rate:
            cause = Reason.THROTTLED.because("over the rate of its account")
            self.turn_down(exchange, CommandStatus.ESME_RTHROTTLED, cause)
        else:
            is_full = pool.able(exchange.command_id, exchange.tried)
            reason = Reason.HOLD if is_full else Reason.NO_SMSC
            cause = reason.because("no SMSC can take it now")
            self.turn_down(exchange, self._options.no_member_status, cause)

    def _refuse(self, exchange: Exchange, error: PduError) -> None:
        """Answer a message that no SMSC can be sent as it is."""
        cause = Reason.REFUSED.because(str(error))
        self.turn_down(exchange, error.command_status, cause)

    def _is_behind(self, exchange: Exchange) -> bool:
        """Whether others may wait for the SMSCs that may take it; some do for its pool."""
        if exchange.key is None or self.waiting_room.is_homing(exchange.pool):
            return True
        return any(smsc.waiters is not None for smsc in exchange.candidates)

    def _throttle(self, origin: Requester, frame: Frame) -> None:
        status = int(CommandStatus.ESME_RTHROTTLED)
        self._events.throttled += 1
        self._miss(origin, _OVER_WINDOW, status)
        origin.send(response(frame, status))
        if self._events.tell_turned_down is not None:
            self._events.tell_turned_down(origin, frame, status, _OVER_WINDOW)

    def _miss(self, origin: Origin, cause: Cause, status: int) -> None:
        why = f"at the gate: {cause.text}"
        self._correlator.missed(Miss(cause.reason.notice, why, origin.system_id, "", status))
