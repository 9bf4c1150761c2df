"""`Submitter`: relays requests of ESMEs, and of this process, to SMSCs.

The life of a submit_sm:

1. Octets arrive; `FrameBuffer` judges command_length as soon as its four octets are there.
2. `Session` asks the table in `txsmpp.states`: may a bound ESME send this now? If not, it answers
   itself: 0x04, or generic_nack 0x03 for a command that no version has.
3. `Submitter.submit` admits it: over the session's window it is answered 0x58. Over the rate of
   its account or session it is too, or goes into a `RateRoom` first.
4. Its pool is that of its account, or where there are routes, what `Routes.choose` says. A part of
   a long message, or a step of a dialogue, goes where the others went (`Related`). For all else
   `Pool.choose` gives a member with room, `Smsc.link` one of its links. Where the link speaks
   another version than the ESME, `adaptation` makes the PDU one that the link can take. If there
   is no room, or others wait already, it goes into the `WaitingRoom`, which brings it back to 4.
   An SMSC that has been sent all that its rate allows has no room until it may be sent another.
5. `Outstanding.claim` on that link gives the number and stores the `Exchange` under it. The frame
   goes into the link's outbox with four octets changed.
6. The turn of the reactor ends: one write for each outbox that got something.
7. The resp comes back on the link: `Outstanding.answered` gives the exchange, and
   `Correlator.answered` hands an answer that took the message to `ReturnPathKeeper.take` (see
   there). An error comes back to `Submitter.refused`: to 4, if the status is worth another SMSC,
   and as long as the pool has attempts and the message has time.
8. No resp in time: `Correlator.failed` answers ESME_RSYSERR, once. The number stays reserved, in
   the table of late ones; a late answer is used for the return path and goes no further. A lost
   link fails all of its exchanges the same way, unless `Submitter.unanswered` sends them again.

query_sm, cancel_sm and other ancillary requests go from 3 to `AncillaryRequests`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from smppgate.gate.options import RouterOptions
from smppgate.gate.relay.correlator import Correlator
from smppgate.gate.relay.events import Events
from smppgate.gate.relay.transform import Transform
from smppgate.gate.reports.undelivered import Miss
from smppgate.gate.return_path.keeper import ReturnPathKeeper
from smppgate.gate.submit.ancillary import ANCILLARY, AncillaryRequest, AncillaryRequests
from smppgate.gate.submit.health_watch import HealthWatch
from smppgate.gate.submit.refill_timer import RefillTimer
from smppgate.gate.submit.waiting_room import WaitingRoom
from smppgate.routing.exchange import Exchange, hold_of
from smppgate.routing.limits.esme_limits import EsmeRates
from smppgate.routing.related import Related
from smppgate.routing.routes.message import Message
from smppgate.routing.routes.rules import Target
from smppgate.routing.routes.table import Routes
from smppgate.routing.sessions import Origin, Requester
from smppgate.routing.smscs.anchor import Anchor
from smppgate.routing.smscs.health.errors import NO_ANSWER
from smppgate.routing.smscs.pool import Pool, link_on
from smppgate.routing.smscs.smsc import TIMED_OUT, Link, Outcome, Smsc
from smppgate.txsmpp import peek
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.constants import CommandId, CommandStatus, numbers
from smppgate.txsmpp.errors import PduError
from smppgate.txsmpp.frame import Frame, response
from smppgate.txsmpp.segments import relation_of
from smppgate.txsmpp.versions import V3_3

# Requests that every SMSC knows, whatever its version.
_KNOWN_TO_ALL = V3_3.commands

_MANY = int(CommandId.SUBMIT_MULTI)

# Statuses by which an SMSC says that it is sent too much.
_THROTTLES = numbers(CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL)


class Submitter:
    """Admits requests, chooses an SMSC for each, sends them, and tries again elsewhere.

    :param related: knows what belongs together.
    :param transform: gives requests as SMSCs of another version can take them.
    :param health: is told of each error.
    :param options: `RouterOptions.no_member_status` is looked at for each request.
    :ivar routes: say where messages go; None where that is the pool of their account.
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
        self.routes: Routes | None = None
        self._is_reconsidering = False
        self._clock = clock
        self._batch = batch
        self._correlator = correlator
        self._transform = transform
        self._related = related
        self._events = events
        self._health = health
        self._options = options
        self.refills = RefillTimer(clock)
        self.waiting_room = WaitingRoom(clock, batch, self, events, options, self.refills)
        self._ancillary = AncillaryRequests(
            clock,
            return_paths,
            correlator,
            self._send,
            self.turn_down,
            self.waiting_room,
            options,
            self._pools_of,
        )

    @property
    def looked_up(self) -> int:
        """Requests that wait for the store."""
        return self._ancillary.waiting

    def submit(self, origin: Requester, frame: Frame, now: float) -> None:
        """Send a request to the SMSC that the balancer chooses, or let it wait for one."""
        policy = origin.policy
        if origin.unanswered >= policy.window:
            self._throttle(origin, frame)
            return
        origin.unanswered += 1
        if frame.command_id in ANCILLARY and self.is_open and self._ancillary.take(origin, frame):
            return
        rates = policy.rates
        is_over_rate = rates is not None and self._is_over_rate(origin, rates, frame, now)
        pool = origin.own_pool or policy.pool
        exchange = Exchange(self._correlator, origin, frame, pool, now)
        relation = relation_of(frame.octets)
        if relation is not None and origin.own_pool is None:
            exchange.anchor = self._related.anchor(origin, frame.octets, relation, now)
        if self._events.tell_entered is not None:
            self._events.tell_entered(exchange)
        if pool is None or not self.is_open:
            why = "the gate takes no requests now"
            self.turn_down(exchange, self._options.no_member_status, why)
            return
        if self.routes is not None and origin.is_routed:
            pool = self._routed(exchange, self.routes)
            if pool is None:
                return
        if pool.has_keys:
            exchange.key = pool.key(frame.command_id, frame.octets, origin.system_id)
        try:
            is_behind = is_over_rate or (pool.waiting and _is_behind(exchange))
            if is_behind or self._assign(exchange, pool, now) is None:
                self._wait(exchange, pool, origin, is_over_rate)
        except PduError as error:
            self.turn_down(exchange, error.command_status, str(error))

    # For the correlator

    def refused(self, exchange: Exchange, status: int, now: float) -> bool:
        """What becomes of a message that an SMSC has answered with an error: True if it goes on.

        That is decided here and nowhere else. One that was throttled, by an SMSC that is slowed by
        that, may go to the same again; that is no attempt.
        """
        pool, smsc = exchange.pool, exchange.smsc
        if pool is None or smsc is None:
            return False
        self._health.erred(pool, smsc, status, now)
        if exchange.origin.has_ended:
            return False
        if status in _THROTTLES and smsc.limits is not None and smsc.limits.throttled(now):
            return self._put_back(exchange, self._in_use(exchange, pool), smsc, now)
        return pool.health.retry.is_retried(status) and self._try_again(exchange, smsc, now)

    def unanswered(self, exchange: Exchange, outcome: Outcome, now: float) -> bool:
        """What becomes of a message without an answer; the same.

        One that was not answered in time is not sent again. One whose link was lost may be, if the
        pool says so: to the same SMSC too, which may have it already.
        """
        pool, smsc = exchange.pool, exchange.smsc
        if pool is None or smsc is None:
            return False
        if outcome is TIMED_OUT:
            self._health.erred(pool, smsc, NO_ANSWER, now)
            return False
        return (
            pool.health.retry.resubmits and self.is_open and self._try_again(exchange, None, now)
        )

    def _try_again(self, exchange: Exchange, refused_by: Smsc | None, now: float) -> bool:
        """Send it to another SMSC, or let it wait for that one.

        One that belongs to others goes where they are. False when no SMSC is left, or no time, or
        the pool allows no more attempts.
        """
        pool = exchange.pool
        if pool is None or exchange.origin.has_ended:
            return False
        health, tries, anchor = pool.health, exchange.tries, exchange.anchor
        if tries >= health.retry.max_attempts:
            return False
        if refused_by is not None and anchor is not None and anchor.is_begun(refused_by):
            if now > exchange.last_try(refused_by) or not health.may_retry(tries):
                return False
            anchor.sent -= 1
        else:
            pool = self._in_use(exchange, pool)
            _pass_over(exchange, refused_by, pool, now)
            if not self._may_take(exchange, pool, now) or not health.may_retry(tries):
                return False
        if self._is_sent(exchange, pool, now) or self._waits(exchange, pool, now):
            health.budget.retried()
            return True
        return False

    def _put_back(self, exchange: Exchange, pool: Pool, smsc: Smsc, now: float) -> bool:
        """Send what ``smsc`` has throttled to another, or let it wait in front of its session's
        line. What has a key, or belongs to others, stays with the SMSC of those."""
        exchange.throttled += 1
        anchor = exchange.anchor
        if anchor is not None and anchor.smsc is smsc:
            anchor.turned_down(smsc)
        _pass_over_late(exchange, pool, now)
        if not self._may_take(exchange, pool, now):
            return False
        tried = exchange.tried
        if exchange.key is None:
            exchange.tried = (*tried, smsc)
        is_sent = self._is_sent(exchange, pool, now)
        exchange.tried = tried
        return is_sent or self._waits(exchange, pool, now)

    def _in_use(self, exchange: Exchange, pool: Pool) -> Pool:
        """The pool that stands in for that of a message, if there is one."""
        target = exchange.target
        if target is not None and target.has_fallback:
            pool = target.pool(exchange.command_id)
            self._enter(exchange, pool)
        return pool

    def _is_sent(self, exchange: Exchange, pool: Pool, now: float) -> bool:
        """Whether a member takes it at once. What comes late has less time to be answered."""
        exchange.sent_at = min(now, _waits_until(exchange))
        try:
            link = self._assign(exchange, pool, now)
        except PduError:
            return False
        if link is not None and exchange.sent_at < now:
            link.outstanding.hurry()
        return link is not None

    def _waits(self, exchange: Exchange, pool: Pool, now: float) -> bool:
        """Whether it waits for an SMSC that may take it again, if not now."""
        if now >= _waits_until(exchange) or not self.waiting_room.is_open:
            return False
        if not self._may_take(exchange, pool, now):
            return False
        self.waiting_room.add(exchange, _requester(exchange))
        return True

    def _may_take(self, exchange: Exchange, pool: Pool, now: float) -> bool:
        """Whether an SMSC that has time left to answer may take it again, if not now."""
        anchor = exchange.anchor
        if anchor is not None and anchor.smsc is not None:
            has_time = now <= exchange.last_try(anchor.smsc)
            return has_time and _is_able(anchor.smsc, exchange, pool)
        return pool.able(exchange.command_id, exchange.tried)

    # For the waiting room

    def dispatch(self, exchange: Exchange, now: float) -> bool:
        """Send what has waited; False when no SMSC has room for it.

        :raises PduError: when the version of the chosen SMSC cannot express it.
        """
        exchange.sent_at = now
        if isinstance(exchange, AncillaryRequest):
            return self._ancillary.dispatch(exchange)
        pool = exchange.pool
        return pool is not None and self._assign(exchange, pool, now) is not None

    def turn_down(self, exchange: Exchange, status: int, why: str) -> None:
        """Answer a request with an error of the gate's own."""
        self._events.turned_down += 1
        if exchange.pool is not None:
            self._miss(exchange.origin, why, status)
        exchange.origin.answer(exchange.resp(status))
        if self._events.tell_ended is not None:
            self._events.tell_ended(exchange, status, exchange.entered_at)

    def route(self, exchange: Exchange, requester: Requester, is_anew: bool) -> int:
        """Let what waits be for the pool that it belongs to now.

        Gives the command_status to answer where there is none any more; else 0.

        :param is_anew: whether routes are asked again, and not only which pools are able.
        """
        pool = requester.own_pool or requester.policy.pool
        if exchange.pool is None or pool is None:
            # It is about a message, and for the SMSC that has it.
            return 0
        if is_anew:
            exchange.target = None
            if self.routes is not None and requester.is_routed:
                self._find(exchange, self.routes)
        target = exchange.target
        if target is not None and target.status:
            self._events.rejected += 1
            return target.status
        self._enter(exchange, target.pool(exchange.command_id) if target is not None else pool)
        return 0

    def _enter(self, exchange: Exchange, pool: Pool) -> None:
        """Let it be for ``pool`` from now on."""
        if pool is not exchange.pool:
            exchange.pool = pool
            _pass_over_unknowing(exchange, pool)
        account = exchange.origin.system_id
        key = pool.key(exchange.command_id, exchange.octets, account) if pool.has_keys else None
        exchange.key = key

    # Routes

    def change_routes(self, routes: Routes | None) -> None:
        """Let ``routes`` say where messages go from now on."""
        for pool in self._watched():
            pool.watcher = None
        self.routes = routes
        for pool in self._watched():
            pool.watcher = self._reconsider

    def _watched(self) -> Iterator[Pool]:
        """The pools that others stand in for, and those others."""
        targets = self.routes.fallbacks if self.routes is not None else ()
        return (pool for target in targets for pool in target.pools)

    def _reconsider(self) -> None:
        """At the end of this turn, let what waits be for the pools that are in use then."""
        if len(self.waiting_room) and not self._is_reconsidering:
            self._is_reconsidering = True
            self._batch.at_end(self._reconsidered)

    def _reconsidered(self) -> None:
        self._is_reconsidering = False
        self.waiting_room.reconsider()

    def _routed(self, exchange: Exchange, routes: Routes) -> Pool | None:
        """The pool for a message; None where it has been answered."""
        if self._is_reconsidering:
            # What waits for another pool has come before it.
            self.waiting_room.reconsider()
        target = self._find(exchange, routes)
        routes.count(target)
        if target.status:
            self._events.rejected += 1
            why = "a route rejects it" if target.route is not None else "no route is for it"
            self.turn_down(exchange, target.status, why)
            return None
        exchange.pool = pool = target.pool(exchange.command_id)
        return pool

    def _find(self, exchange: Exchange, routes: Routes) -> Target:
        """Where routes lead it."""
        account, octets = exchange.origin.system_id, exchange.octets
        wall = self._clock.wall() if routes.need_time else 0.0
        message = Message(account, exchange.command_id, octets, wall)
        exchange.target = target = routes.choose(message)
        if self._events.tell_routed is not None:
            self._events.tell_routed(exchange)
        return target

    def _pools_of(self, requester: Requester) -> tuple[Pool, ...]:
        """The pools that its messages may have gone to."""
        if self.routes is not None and requester.is_routed:
            return self.routes.pools_of(requester.system_id)
        return (requester.pool,) if requester.pool is not None else ()

    # Waiting and refusing

    def _is_over_rate(self, origin: Requester, rates: EsmeRates, frame: Frame, now: float) -> bool:
        """Whether a message has to wait for tokens, else it takes them."""
        limit = origin.limit
        count = 1 if frame.command_id != _MANY else peek.destinations(frame.octets)
        if limit is None or limit.admits(rates, now, count):
            return False
        self._events.over_rate += 1
        if self._events.tell_over_rate is not None:
            self._events.tell_over_rate(origin, frame.command_id)
        return True

    def _wait(self, exchange: Exchange, pool: Pool, origin: Requester, is_over_rate: bool) -> None:
        if exchange.command_id not in _KNOWN_TO_ALL:
            _pass_over_unknowing(exchange, pool)
        # The session of an SMSC that serves one ESME alone does not come back.
        may_come = origin.own_pool is None or pool.is_up
        rates = origin.policy.rates
        is_rejected = is_over_rate and rates is not None and rates.rejects
        may_wait = hold_of(exchange, origin) > 0 and not is_rejected
        if may_wait and exchange.candidates and may_come:
            self.waiting_room.add(exchange, origin, is_over_rate)
        elif is_over_rate:
            self.turn_down(exchange, CommandStatus.ESME_RTHROTTLED, "over the rate of its account")
        else:
            status = self._options.no_member_status
            self.turn_down(exchange, status, "no SMSC can take it now")

    def _throttle(self, origin: Requester, frame: Frame) -> None:
        status = int(CommandStatus.ESME_RTHROTTLED)
        self._events.throttled += 1
        self._miss(origin, "over the window of its session", status)
        origin.send(response(frame, status))
        if self._events.tell_turned_down is not None:
            self._events.tell_turned_down(origin, frame.command_id, status)

    def _miss(self, origin: Origin, why: str, status: int) -> None:
        self._correlator.missed(Miss(f"at the gate: {why}", origin.system_id, "", status))

    def _assign(self, exchange: Exchange, pool: Pool, now: float) -> Link | None:
        """Send it to an SMSC that it has not been to; gives the link, None when none can take it.

        :raises PduError: when the version of the chosen SMSC cannot express it.
        """
        anchor = exchange.anchor
        if anchor is not None and anchor.smsc is not None:
            if _is_able(anchor.smsc, exchange, pool):
                return self._assign_there(exchange, anchor, anchor.smsc, now)
            self._events.split += 1
            anchor.release()
        choose, key = pool.choose, exchange.key
        if exchange.command_id not in _KNOWN_TO_ALL:
            choose = pool.chooser(exchange.command_id, key)
            if not exchange.tried:
                _pass_over_unknowing(exchange, pool)
        elif key is not None:
            choose = pool.chooser(exchange.command_id, key)
        smsc = choose(exchange.sent_at, key, exchange.tried)
        if smsc is None:
            return None
        link = smsc.only_link
        if link is None:
            found = link_on(smsc, choose, exchange.sent_at, key, exchange.tried)
            if found is None:
                return None
            smsc, link = found
        self._send(exchange, smsc, link, exchange.octets)
        if smsc.limits is not None:
            self._take_tokens(exchange, smsc, link, now)
        if anchor is not None:
            anchor.add(smsc, link)
        return link

    def _assign_there(
        self, exchange: Exchange, anchor: Anchor, smsc: Smsc, now: float
    ) -> Link | None:
        """Send it to ``smsc``, which has others that it belongs to."""
        link = smsc.begun_link(anchor.link)
        if link is not None:
            self._send(exchange, smsc, link, exchange.octets)
            if smsc.limits is not None:
                self._take_tokens(exchange, smsc, link, now)
            anchor.add(smsc, link)
        return link

    def _take_tokens(self, exchange: Exchange, smsc: Smsc, link: Link, now: float) -> None:
        count = 1
        if exchange.asked == _MANY:
            count = peek.destinations(exchange.octets)
        if smsc.limits is None or not smsc.limits.sent(link, count, now):
            return
        self._events.paused += 1
        if self._events.tell_paused is not None:
            self._events.tell_paused(smsc)

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
        if self._events.tell_sent is not None:
            self._events.tell_sent(exchange)


def _waits_until(exchange: Exchange) -> float:
    return exchange.entered_at + hold_of(exchange, _requester(exchange))


def _requester(exchange: Exchange) -> Requester:
    """What goes to a pool comes from an ESME or from this process."""
    return cast(Requester, exchange.origin)


def _is_behind(exchange: Exchange) -> bool:
    """Whether others may wait for the SMSCs that may take it; some do for its pool."""
    if exchange.key is None:
        return True
    return any(smsc.waiters is not None for smsc in exchange.candidates)


def _is_able(smsc: Smsc, exchange: Exchange, pool: Pool) -> bool:
    """Whether ``smsc`` takes what belongs to others that it has: also while it is drained."""
    return bool(smsc.bound) and smsc in pool.smscs and exchange.command_id in smsc.commands


def _pass_over(exchange: Exchange, smsc: Smsc | None, pool: Pool, now: float) -> None:
    """Do not choose ``smsc``, which turned it down, nor those that have too little time left."""
    anchor = exchange.anchor
    if anchor is not None and anchor.smsc is smsc:
        anchor.release()
    if smsc is not None:
        exchange.tried = (*exchange.tried, smsc)
    _pass_over_late(exchange, pool, now)


def _pass_over_late(exchange: Exchange, pool: Pool, now: float) -> None:
    """Do not choose SMSCs that have too little time left to answer."""
    late = (each for each in pool.smscs if now > exchange.last_try(each))
    exchange.tried = (*exchange.tried, *late)


def _pass_over_unknowing(exchange: Exchange, pool: Pool) -> None:
    """Do not choose SMSCs that do not know the command of ``exchange``."""
    unknowing = pool.without(exchange.command_id)
    exchange.tried += tuple(each for each in unknowing if each not in exchange.tried)
