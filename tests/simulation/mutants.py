"""Deliberate faults of the gate, one by one: the world must find each of them.

Those of the lane are in ``lane_mutants.py`` and ``delivery_mutants.py``, those of rules in
``rewrite_mutants.py``, those with hooks in ``hook_mutants.py``, those with places and slots of
sessions in ``place_mutants.py``. Names of the gate's insides are used in these six and in
``inspection.py`` only.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from attrs import evolve

from smppgate.gate.controls import AccountControl
from smppgate.gate.deliver.dispatcher import Dispatcher
from smppgate.gate.deliver.receipt_delivery import ReceiptDelivery
from smppgate.gate.deliver.receipts import Receipts
from smppgate.gate.deliver.waiting_receipts import WaitingReceipts
from smppgate.gate.esme_service import EsmeService
from smppgate.gate.queue.account_queue import AccountQueue
from smppgate.gate.queue.queues import Queues
from smppgate.gate.queue.sender import QueueSender
from smppgate.gate.relay.correlator import Correlator
from smppgate.gate.relay.reason import SUCCESS
from smppgate.gate.reload import Reload
from smppgate.gate.return_path import keeper
from smppgate.gate.return_path.aliases import Aliases
from smppgate.gate.return_path.commits import Commits
from smppgate.gate.router import RouterService
from smppgate.gate.sessions.esme import EsmeProtocol
from smppgate.gate.sessions.password_checks import PasswordChecks
from smppgate.gate.sessions.relay_session import RelaySession
from smppgate.gate.sessions.smsc import SmscProtocol
from smppgate.gate.smsc_service import SmscService
from smppgate.gate.stop import Stop
from smppgate.gate.submit.ancillary import AncillaryRequests
from smppgate.gate.submit.assigner import Assigner
from smppgate.gate.submit.holdings import Holdings
from smppgate.gate.submit.pool_choice import PoolChoice
from smppgate.gate.submit.rate_room import RateRoom
from smppgate.gate.submit.retries import Retries
from smppgate.gate.submit.room import Room, Waiting
from smppgate.gate.submit.submitter import Submitter
from smppgate.gate.submit.waiting_room import WaitingRoom
from smppgate.observe import counting
from smppgate.observe.message_log import MessageLog
from smppgate.routing import exchange as exchange_module
from smppgate.routing.affinity import Affinity
from smppgate.routing.esmes import accounts as accounts_module
from smppgate.routing.esmes.account import Account
from smppgate.routing.esmes.accounts import Accounts
from smppgate.routing.esmes.strangers import Strangers
from smppgate.routing.exchange import Exchange
from smppgate.routing.limits.esme_limits import AccountLimit, SessionLimit
from smppgate.routing.limits.fair_queue import FairQueue
from smppgate.routing.limits.token_bucket import TokenBucket
from smppgate.routing.related import Dialogue, Related
from smppgate.routing.routes import rules
from smppgate.routing.routes.message import Message
from smppgate.routing.routes.rules import ByPrefix, Route, Target
from smppgate.routing.routes.table import Routes
from smppgate.routing.smscs.anchor import Anchor
from smppgate.routing.smscs.balancers import Rendezvous
from smppgate.routing.smscs.health.ejection import PoolHealth
from smppgate.routing.smscs.health.policy import HealthPolicy, RetryPolicy
from smppgate.routing.smscs.health.retry import RetryBudget
from smppgate.routing.smscs.load import LOST
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.rate_limits import OverallLimit, RateLimits
from smppgate.routing.smscs.smsc import Smsc
from smppgate.store import Enqueued, Found
from smppgate.store.segments import records
from smppgate.store.segments.index import Index
from smppgate.txsmpp import sequence
from smppgate.txsmpp import session as session_module
from smppgate.txsmpp.batch import Batch
from smppgate.txsmpp.constants import RESPONSE_BIT
from smppgate.txsmpp.frame import Frame, renumbered
from smppgate.txsmpp.sequence import Outstanding
from smppgate.txsmpp.session_timer import SessionTimer
from smppgate.txsmpp.timers import Watch
from tests.simulation import (
    delivery_mutants,
    hook_mutants,
    lane_mutants,
    place_mutants,
    rewrite_mutants,
)
from tests.simulation.mutant import MUTANTS, Mutant, StaleMutant, mutant

# Importing them enters all mutants.
__all__ = [
    "MUTANTS",
    "Mutant",
    "StaleMutant",
    "delivery_mutants",
    "hook_mutants",
    "lane_mutants",
    "place_mutants",
    "rewrite_mutants",
]


ENQUIRE_LINK = 0x15


# Sessions and numbers


@mutant(Outstanding, "expire", "An exchange stays in the table after its timeout.")
def _kept_after_timeout(expire: Any) -> Any:
    def expired(self: Any, sent_by: float) -> Any:
        found = expire(self, sent_by)
        for number in list(self._late):
            self.requests[number] = self._late.pop(number)
        return found

    return expired


@mutant(Outstanding, "claim", "A number that still awaits an answer is handed out again.")
def _number_not_reserved(_claim: Any) -> Any:
    def claim(self: Any, request: Any) -> int:
        number = self._next
        self._next = number % sequence.MAX_SEQUENCE_NUMBER + 1
        self.requests[number] = request
        return int(number)

    return claim


@mutant(PasswordChecks, "_done", "A bind is answered again when its password was compared.")
def _answered_again(done: Any) -> Any:
    def answered_again(self: Any, check: Any, answer: Any, is_right: bool) -> None:
        binds = list(check.binds.values())
        done(self, check, answer, is_right)
        for bind in binds:
            bind.judge(bind.frame, check.kept)

    return answered_again


@mutant(PasswordChecks, "_compared", "Whatever is compared with a hash is right.")
def _all_is_right(compared: Any) -> Any:
    return lambda self, _is_right, check: compared(self, True, check)


@mutant(
    PasswordChecks, "_forget", "Binds behind a comparison never have their turn.", "misbinding"
)
def _never_in_turn(_forget: Any) -> Any:
    def forget(self: Any, check: Any) -> None:
        del self._checks[check.digest]
        for pair in check.pairs:
            self._pairs.pop(pair, None)

    return forget


@mutant(Outstanding, "expire", "The number of a request that timed out is free at once.")
def _late_number_not_reserved(expire: Any) -> Any:
    def expired(self: Any, sent_by: float) -> Any:
        found = expire(self, sent_by)
        self._late.clear()
        return found

    return expired


@mutant(sequence, "MAX_SEQUENCE_NUMBER", "Numbers wrap at 0xFFFFFFFF.")
def _wraps_too_late(_most: int) -> int:
    return 0xFFFFFFFF


@mutant(sequence, "MAX_SEQUENCE_NUMBER", "Numbers wrap to 0.")
def _wraps_to_zero(_most: int) -> Any:
    class Wrapping(int):
        def __rmod__(self, number: int) -> int:
            return number if number < self else -1

    return Wrapping(0x7FFFFFFF)


@mutant(Outstanding, "drain", "What is open on a lost link is never answered.")
def _table_not_cleared_on_loss(_drain: Any) -> Any:
    return lambda self: []


@mutant(Outstanding, "expire", "No request ever times out.")
def _no_timeout(_expire: Any) -> Any:
    return lambda self, sent_by: []


@mutant(SessionTimer, "stop", "A session's timer outlives its connection.")
def _timer_left(_stop: Any) -> Any:
    return lambda self: None


@mutant(session_module.Session, "data_to_send", "What is written in one turn leaves backwards.")
def _outbox_backwards(take: Any) -> Any:
    def taken(self: Any) -> Any:
        self.outbox.reverse()
        return take(self)

    return taken


# Answers


@mutant(Correlator, "answered_late", "A late answer is sent on, after the ESME was told 0x08.")
def _late_answer_sent_on(late: Any) -> Any:
    def answered_late(self: Any, exchange: Any, frame: Any, now: float) -> None:
        late(self, exchange, frame, now)
        exchange.origin.send(renumbered(frame.octets, exchange.number))

    return answered_late


@mutant(Correlator, "answered", "A generic_nack keeps the number of the other side.")
def _nack_untranslated(answered: Any) -> Any:
    def untranslated(self: Any, exchange: Any, frame: Any, now: float) -> None:
        if frame.command_id == RESPONSE_BIT and frame.command_status not in (8, 20, 88, 100):
            if exchange.smsc is not None:
                exchange.smsc.ended(1, LOST, 0.0)
            exchange.origin.answer(frame.octets)
        else:
            answered(self, exchange, frame, now)

    return untranslated


@mutant(Correlator, "answered", "An answer goes to the first session of the account.")
def _answer_to_another_session(answered: Any) -> Any:
    def misled(self: Any, exchange: Any, frame: Any, now: float) -> None:
        account = getattr(exchange.origin, "account", None)
        if account is not None and account.sessions:
            exchange.origin = account.sessions[0]
        answered(self, exchange, frame, now)

    return misled


@mutant(Correlator, "failed", "A request that timed out is sent to another SMSC.")
def _timeout_is_retried(failed: Any) -> Any:
    def retried(self: Any, exchange: Any, reason: Any) -> None:
        smsc = exchange.smsc
        if smsc is not None and self.retrier.refused(exchange, 0x08, exchange.sent_at):
            smsc.outstanding -= 1
            return
        failed(self, exchange, reason)

    return retried


@mutant(Correlator, "failed", "A request that failed goes on counting against its window.")
def _unanswered_not_counted_down(failed: Any) -> Any:
    def uncounted(self: Any, exchange: Any, reason: Any) -> None:
        exchange.origin.unanswered += 1
        failed(self, exchange, reason)

    return uncounted


@mutant(Correlator, "failed", "A request that failed goes on counting against its SMSC.")
def _outstanding_not_counted_down(failed: Any) -> Any:
    def uncounted(self: Any, exchange: Any, reason: Any) -> None:
        if exchange.smsc is not None:
            exchange.smsc.outstanding += 1
        failed(self, exchange, reason)

    return uncounted


@mutant(Retries, "_try_again", "What an SMSC turned down may go to the same one again.")
def _retry_at_the_same(retry: Any) -> Any:
    def retried(self: Any, exchange: Any, refused_by: Any, now: float) -> bool:
        if len(exchange.tried) > 3:
            return False
        exchange.sent_at = now
        tried, exchange.tried = exchange.tried, ()
        found = self._assigner.assign(exchange, exchange.pool, now)
        exchange.tried = (*tried, exchange.smsc)
        return found is not None

    return retried


@mutant(Exchange, "tries", "A message is sent once more than max_attempts allows.")
def _attempts_off_by_one(tries: Any) -> Any:
    return property(lambda self: tries.fget(self) - 1)


@mutant(RetryPolicy, "is_retried", "A message is tried again after any error.")
def _retried_on_anything(_is_retried: Any) -> Any:
    return lambda self, status: True


@mutant(
    RetryBudget,
    "is_left",
    "As many messages are tried again as may be.",
    "few_retries",
    "ailing_smscs",
)
def _budget_ignored(_is_left: Any) -> Any:
    return property(lambda self: True)


@mutant(Retries, "unanswered", "What was lost with its link is sent again, asked for or not.")
def _resubmitted_unasked(unanswered: Any) -> Any:
    def resubmitted(self: Any, exchange: Any, outcome: Any, now: float) -> bool:
        if outcome is not LOST or exchange.pool is None or not self._waiting_room.is_open:
            return bool(unanswered(self, exchange, outcome, now))
        return bool(self._try_again(exchange, None, now))

    return resubmitted


# Health


@mutant(PoolHealth, "_others", "A member may be ejected though no other is able.", "failing")
def _last_able_ejected(_others: Any) -> Any:
    return lambda self, member: [each for each in self.members if each is not member]


@mutant(
    HealthPolicy,
    "most_ejected",
    "All members but one may be ejected, whatever is set.",
    "ailing_smscs",
)
def _too_many_ejected(_most: Any) -> Any:
    return lambda self, members: members


@mutant(PoolHealth, "_returning", "A member that is ejected never comes back by itself.")
def _ejected_for_ever(_returning: Any) -> Any:
    return lambda self, now: iter(())


@mutant(Member, "reason", "A member that is ejected takes messages all the same.")
def _ejected_takes_messages(reason: Any) -> Any:
    def without_ejection(self: Any, command_id: int | None = None) -> str:
        health = self.health
        ejection, health.ejection = health.ejection, None
        try:
            return str(reason(self, command_id))
        finally:
            health.ejection = ejection

    return without_ejection


# Windows


@mutant(
    SmscProtocol,
    "attached",
    "A link that is unbound in the read of its bind_resp is closed with requests open.",
    "brief",
)
def _brief_link_closed(attached: Any) -> Any:
    def closed(self: Any) -> None:
        attached(self)
        if self.unbinding:
            self.close("unbound by the peer")

    return closed


@mutant(SmscProtocol, "window", "An SMSC's window is one too large.")
def _window_of_smsc_off_by_one(_window: Any) -> Any:
    return property(lambda self: self.smsc.window + 1)


@mutant(RelaySession, "has_room", "An ESME's window is one too large for what is sent to it.")
def _window_of_esme_off_by_one(_room: Any) -> Any:
    return property(
        lambda self: self.writable and not self.unbinding and len(self.outstanding) <= self.window
    )


@mutant(Submitter, "submit", "An ESME may have one request more open than its window.")
def _own_window_off_by_one(forward: Any) -> Any:
    def forwarded(self: Any, origin: Any, frame: Any, now: float) -> None:
        origin.unanswered -= 1
        try:
            forward(self, origin, frame, now)
        finally:
            origin.unanswered += 1

    return forwarded


@mutant(Submitter, "submit", "An ESME is refused one request before its window is full.")
def _own_window_one_too_small(forward: Any) -> Any:
    def forwarded(self: Any, origin: Any, frame: Any, now: float) -> None:
        origin.unanswered += 1
        try:
            forward(self, origin, frame, now)
        finally:
            origin.unanswered -= 1

    return forwarded


# Waiting for an SMSC


@mutant(FairQueue, "head", "Of what waits of one session, the last in is the first out.")
def _waiting_served_backwards(_head: Any) -> Any:
    def head(self: Any) -> Any:
        for turns in self._accounts.values():
            for line in turns.lines.values():
                return next(reversed(line))
        return None

    return head


@mutant(WaitingRoom, "drop", "What waits is sent although its session has ended.")
def _waiting_outlives_session(_drop: Any) -> Any:
    return lambda self, session: None


@mutant(Waiting, "__init__", "What waits may be sent at any time.")
def _hold_without_end(made: Any) -> Any:
    def endless(self: Any, exchange: Any, requester: Any, deadline: float, serial: int) -> None:
        made(self, exchange, requester, deadline + 1000.0, serial)

    return endless


@mutant(WaitingRoom, "_expire", "What has waited too long is answered a second later.")
def _hold_ends_late(expire: Any) -> Any:
    def expired(self: Any, waiting: Any, now: float) -> None:
        if waiting.deadline + 1.0 <= now:
            expire(self, waiting, now)
            return
        waiting.deadline = now + 1.0
        self._deadlines.add(waiting)

    return expired


@mutant(Holdings, "remove", "Octets of what waits are not counted down.")
def _waiting_octets_stay(remove: Any) -> Any:
    def removed(self: Any, waiting: Any) -> None:
        remove(self, waiting)
        self.octets += waiting.octets

    return removed


@mutant(Smsc, "tell", "A place that is free again is not handed on.")
def _place_not_handed_on(_tell: Any) -> Any:
    return lambda self: None


@mutant(Room, "add", "What waits for a pool is not counted: new messages overtake it.")
def _waiting_not_counted(add: Any) -> Any:
    def added(self: Any, waiting: Any) -> None:
        add(self, waiting)
        if self.pool is not None:
            self.pool.waiting -= 1

    return added


@mutant(WaitingRoom, "give_up", "What waits when an unbind has had its time is not answered.")
def _waiting_unanswered_at_end(_give_up: Any) -> Any:
    return lambda self, session: None


@mutant(
    WaitingRoom,
    "rearrange",
    "What waits stays with the pool that its account had.",
    "narrow_smscs",
    "changing",
)
def _waiting_not_rearranged(_rearrange: Any) -> Any:
    return lambda self: None


# What belongs together


@mutant(
    Related,
    "anchor",
    "Parts of one message over two sessions are taken for two messages.",
    "long_messages",
)
def _parts_by_session(anchor: Any) -> Any:
    def anchored(self: Any, origin: Any, octets: bytes, now: float) -> Any:
        own = vars(origin).setdefault("related", Related(60.0))
        return anchor(own, origin, octets, now)

    return anchored


@mutant(Related, "_asked", "Steps of an ESME's go to any SMSC.", "dialogues")
def _steps_to_any_smsc(_asked: Any) -> Any:
    return lambda self, origin, subscriber, step, now: None


@mutant(Dispatcher, "_in_dialogue", "Steps of a subscriber's go to any session.", "dialogues")
def _steps_to_any_session(_in_dialogue: Any) -> Any:
    return lambda self, cluster, source, step, delivery, now: cluster.session()


@mutant(Dialogue, "heard", "Where a step of the subscriber's came from is forgotten.", "dialogues")
def _step_not_heard(_heard: Any) -> Any:
    return lambda self, link: None


@mutant(Affinity, "put", "What belongs together is known however much of it there is.")
def _affinity_without_bound(put: Any) -> Any:
    def unbounded(self: Any, key: bytes, value: Any, now: float) -> None:
        most, self.most_octets = self.most_octets, 1 << 40
        put(self, key, value, now)
        self.most_octets = most

    return unbounded


@mutant(Assigner, "_assign_there", "A part whose link is full goes elsewhere.")
def _full_is_elsewhere(there: Any) -> Any:
    def assigned(self: Any, exchange: Any, anchor: Any, smsc: Any, now: float) -> Any:
        link = there(self, exchange, anchor, smsc, now)
        if link is None:
            anchor.release()
            link = self.assign(exchange, exchange.pool, now)
        return link

    return assigned


@mutant(Anchor, "is_begun", "A part that was turned down goes elsewhere.")
def _part_turned_down_elsewhere(_begun: Any) -> Any:
    return lambda self, smsc: False


@mutant(Room, "add", "What waits for others that it belongs to is not counted.")
def _pinned_not_counted(add: Any) -> Any:
    def added(self: Any, waiting: Any) -> None:
        add(self, waiting)
        if self.place is not None:
            self.pool.waiting -= 1

    return added


# Routes


@mutant(Routes, "choose", "Of the routes that hold, the last counts.")
def _last_route_counts(_choose: Any) -> Any:
    def choose(self: Any, message: Any) -> Any:
        routes = self._sort_out(message.account).candidates(message)
        found = [target for each in routes if (target := each.target(message)) is not None]
        return found[-1] if found else rules.UNROUTED

    return choose


@mutant(Route, "target", "A route holds if one of its conditions does.", "routing")
def _any_condition_is_enough(target: Any) -> Any:
    def found(self: Any, message: Any) -> Any:
        if len(self.conditions) < 2 or not any(each.holds(message) for each in self.conditions):
            return target(self, message)
        return self.leads.target(message)

    return found


@mutant(ByPrefix, "target", "The shortest prefix names the pool.", "routing")
def _shortest_prefix_wins(_target: Any) -> Any:
    def target(self: Any, message: Any) -> Any:
        names = list(self._table.matching(message.destination))
        return self._named[names[-1]] if names else None

    return target


@mutant(Target, "pool", "Another pool stands in for one that is full.", "routing")
def _fallback_when_full(_pool: Any) -> Any:
    def pool(self: Any, command_id: int) -> Any:
        able = [each for each in self.pools if each.able(command_id)]
        free = [each for each in able if any(s.outstanding < s.capacity for s in each.smscs)]
        return (free or able or self.pools)[0]

    return pool


@mutant(Target, "pool", "No pool stands in for another.", "routing", "holding")
def _no_fallback(_pool: Any) -> Any:
    return lambda self, command_id: self.pools[0]


@mutant(
    WaitingRoom,
    "reconsider",
    "What waits already is for its pool until that is able again.",
    "routing",
    "holding",
)
def _fallback_not_for_what_waits(_reconsider: Any) -> Any:
    return lambda self: None


@mutant(
    PoolChoice,
    "route",
    "After a reload what waits goes where routes led it before.",
    "routing",
    "narrow_smscs",
    "changing",
)
def _waiting_not_rerouted(route: Any) -> Any:
    def rerouted(self: Any, exchange: Any, requester: Any, is_anew: bool) -> int:
        return int(route(self, exchange, requester, is_anew and exchange.target is None))

    return rerouted


@mutant(PoolChoice, "_find", "A message for which no route holds goes to its account's pool.")
def _unrouted_goes_on(find: Any) -> Any:
    def found(self: Any, exchange: Any, routes: Any) -> Any:
        target = find(self, exchange, routes)
        pool = exchange.origin.policy.pool
        return target if target.route is not None else Target(None, (pool,))

    return found


@mutant(Message, "__init__", "Routes look at the source where they should at the destination.")
def _source_for_destination(made: Any) -> Any:
    def confused(self: Any, *args: Any) -> None:
        made(self, *args)
        self.destination = self.source

    return confused


# Rates


@mutant(TokenBucket, "take", "A bucket never gets empty.")
def _bucket_never_empty(_take: Any) -> Any:
    return lambda self, now, count=1: None


@mutant(TokenBucket, "take", "Every other message takes no token.")
def _tokens_twice(take: Any) -> Any:
    turns = count()

    def taken(self: Any, now: float, tokens: int = 1) -> None:
        if next(turns) % 2:
            take(self, now, tokens)

    return taken


@mutant(OverallLimit, "_flow", "Who waits for an SMSC that was paused is not told.")
def _paused_not_woken(_flow: Any) -> Any:
    def flowing(self: Any) -> None:
        self.is_dry = False
        self._waiting = {}

    return flowing


@mutant(OverallLimit, "_await", "An SMSC that is paused stays so.")
def _tokens_not_awaited(_await: Any) -> Any:
    return lambda self, bucket, now: None


@mutant(RateLimits, "throttled", "An ESME hears that its SMSC is sent too much.", "limited_smscs")
def _throttled_is_heard(_throttled: Any) -> Any:
    return lambda self, now: False


@mutant(Retries, "_put_back", "What an SMSC has throttled is forgotten.", "limited_smscs")
def _throttled_is_forgotten(_put_back: Any) -> Any:
    return lambda self, exchange, pool, smsc, now: True


@mutant(RateLimits, "_look", "A link has no rate of its own.", "limited_smscs")
def _link_without_rate(_look: Any) -> Any:
    return lambda self, link, bucket, now: None


@mutant(
    RateLimits,
    "__init__",
    "A session that serves one ESME has a rate for itself.",
    "limited_smscs",
)
def _rate_of_each_copy(made: Any) -> Any:
    def alone(self: Any, smsc: Any, overall: Any) -> None:
        own = OverallLimit(smsc, overall.rates, overall.refills, 0.0)
        made(self, smsc, own if smsc._origin is not None else overall)

    return alone


@mutant(SmscService, "_limit", "A reload changes no rate of an SMSC.")
def _rates_at_restart(limit: Any) -> Any:
    def limited(self: Any) -> None:
        if not self.links:
            limit(self)

    return limited


@mutant(SessionLimit, "__init__", "Each session has the rate of its account for itself.")
def _rate_of_each_session(made: Any) -> Any:
    return lambda self, account: made(self, AccountLimit())


@mutant(
    RateRoom,
    "_serve",
    "Of what waits for tokens the newest of a session goes first.",
    "limited_accounts",
)
def _tokens_to_newest(_serve: Any) -> Any:
    def served(self: Any, line: Any, now: float) -> None:
        waiting = next(reversed(line.messages))
        line.limit.take(now, 1)
        self.remove(waiting)
        self._let(self, waiting)

    return served


@mutant(RateRoom, "_serve", "What has waited for tokens takes none.")
def _waited_for_and_not_taken(_serve: Any) -> Any:
    def served(self: Any, line: Any, now: float) -> None:
        waiting = next(iter(line.messages))
        self.remove(waiting)
        self._let(self, waiting)

    return served


# Receipts and return paths


@mutant(Dispatcher, "to_account", "Receipts go to all accounts in turn.")
def _receipts_in_turn(to_account: Any) -> Any:
    turns = count()

    def in_turn(
        self: Any,
        _account: Any,
        _submitter: Any,
        exchange: Any,
        octets: bytes,
        _sure: bool = False,
    ) -> None:
        everyone = list(exchange.origin.router.accounts._by_id.values())
        account = everyone[next(turns) % len(everyone)]
        to_account(self, account, None, exchange, octets)

    return in_turn


@mutant(
    keeper.ReturnPathKeeper, "_answer", "An answer leaves before its return path is in the store."
)
def _answer_before_path(answer: Any) -> Any:
    return lambda self, exchange, octets, kept: answer(self, exchange, octets, kept=False)


@mutant(
    Batch,
    "before_writing",
    "An answer is written before its return path is in the store.",
    "slow_store",
)
def _written_before_path(_before: Any) -> Any:
    return lambda self, function: self.when_written(function)


@mutant(records, "_checked", "Octets on disk are taken for a record whatever their checksum.")
def _checksum_not_checked(_checked: Any) -> Any:
    def taken(octets: Any, offset: int, size: int, _checksum: int) -> Any:
        body = octets[offset + 8 : offset + 8 + size]
        if len(body) != size:
            raise records.DamagedRecord("it is cut off")
        return body

    return taken


@mutant(Index, "offsets", "An index is read from one entry too far on.")
def _index_off_by_one(offsets: Any) -> Any:
    return lambda self, folder, key: offsets(self, folder, key)[1:]


@mutant(
    Receipts,
    "_choose",
    "A receipt that cannot be looked up is one of an unknown message.",
    "failing_store",
    "forgetful_store",
)
def _unsearched_is_unknown(choose: Any) -> Any:
    def chosen(self: Any, incoming: Any, search: Any, waits: bool, found: Any) -> None:
        choose(self, incoming, search, waits, Found(found.paths))

    return chosen


@mutant(Commits, "holds", "A receipt does not wait for the answer in front of it.")
def _receipt_before_answer(_holds: Any) -> Any:
    return lambda self, key: False


@mutant(WaitingReceipts, "add", "A receipt that comes before the resp does not wait.")
def _early_receipt_not_held(_add: Any) -> Any:
    return lambda self, incoming, keys: False


@mutant(exchange_module, "wants_receipt", "No return path is kept of what asked for a receipt.")
def _path_not_kept(_wants: Any) -> Any:
    return lambda request: False


@mutant(ReceiptDelivery, "answered", "A refused receipt ends its return path too.")
def _refused_receipt_ends_path(answered: Any) -> Any:
    def ended(self: Any, frame: Any, now: float) -> None:
        center = self.link.smsc.center
        self._return_paths.end(center, self.message_id, self.path, self.path_key)
        answered(self, frame, now)

    return ended


@mutant(Aliases, "_fetched", "Aliases begin with 1 again at each start.")
def _aliases_anew(_fetched: Any) -> Any:
    def fetched(self: Any, _first: int) -> None:
        self._is_fetching = self._has_warned = False
        self._numbers = iter(range(1, 10_000))

    return fetched


@mutant(keeper.ReturnPathKeeper, "_form", "Ids have no tag.")
def _ids_without_tag(way: Any) -> Any:
    def untagged(self: Any, origin: Any, member: Any) -> Any:
        found = way(self, origin, member)
        return evolve(found, tag=b"")

    return untagged


@mutant(AncillaryRequests, "_checked", "Anybody may ask about any message.")
def _account_not_checked(checked: Any) -> Any:
    def unchecked(self: Any, origin: Any, frame: Any, member: Any, own: bytes, value: Any) -> None:
        self._send(origin, frame, member, own, lambda octets, _name: octets)

    return unchecked


# Messages to ESMEs


@mutant(Account, "add", "Sessions that are not bound to receive are sent messages.")
def _transmitters_receive(add: Any) -> Any:
    def added(self: Any, session: Any) -> None:
        add(self, session)
        for cluster in self._serves:
            cluster.add(session, self.policy.weight)

    return added


@mutant(Dispatcher, "choose", "Parts of a long message go to any session.")
def _parts_anywhere(_choose: Any) -> Any:
    return lambda self, cluster, octets, now, link=None: cluster.session()


@mutant(Dispatcher, "queue", "What comes for an account overtakes what waits in its queue.")
def _queue_overtaken(queue: Any) -> Any:
    return lambda self, accounts, session: None if session else queue(self, accounts, session)


@mutant(QueueSender, "_send", "A queued message is removed before it is answered.")
def _removed_before_answer(send: Any) -> Any:
    def sent(self: Any, session: Any, message: Any, now: float) -> None:
        self._store.remove_message(self._name, message.number)
        send(self, session, message, now)

    return sent


@mutant(QueueSender, "unanswered", "A queued message is sent only once.")
def _queued_sent_once(_unanswered: Any) -> Any:
    def ended(self: Any, number: int, reason: Any) -> None:
        self._read_ahead.end(number)
        self._store.remove_message(self._name, number)
        self.look_soon()

    return ended


@mutant(QueueSender, "answered", "A queued message is sent until it expires.")
def _queued_sent_again(answered: Any) -> Any:
    def again(self: Any, request: Any, frame: Any, now: float) -> None:
        if frame.command_status == 0 and self.delivered % 4 == 0:
            self.delivered += 1
            self._read_ahead.put_back(request.number)
            self.look_soon()
        else:
            answered(self, request, frame, now)

    return again


# Binds and ends


@mutant(accounts_module.hmac, "compare_digest", "Any password will do.")
def _any_password(_compare: Any) -> Any:
    return lambda one, other: True


@mutant(RouterService, "smsc_lost", "A lost link stays in its SMSC's rotation.")
def _lost_link_stays(_lost: Any) -> Any:
    def lost(self: Any, link: Any, reason: str) -> None:
        self._links.pop(link, None)

    return lost


@mutant(RouterService, "esme_lost", "A lost session stays in its account.")
def _lost_session_stays(_lost: Any) -> Any:
    def lost(self: Any, session: Any, account: Any, reason: str) -> None:
        self.ranges.leave(session)
        self._submitters.remove(session)

    return lost


@mutant(Smsc, "for_one_session", "What a bind that was passed through opens is for everybody.")
def _passed_session_shared(_own: Any) -> Any:
    return lambda self: self


@mutant(Strangers, "_refusal_of", "A listener takes any number of connections of one address.")
def _address_not_limited(_refusal: Any) -> Any:
    return lambda self, address: ""


@mutant(Strangers, "bound", "A session that is bound counts as a stranger's still.")
def _bound_is_stranger(_bound: Any) -> Any:
    return lambda self, session: None


@mutant(Strangers, "lost", "A connection that is gone counts still.")
def _gone_counts_still(_lost: Any) -> Any:
    return lambda self, session: None


@mutant(Strangers, "bind_wait", "A bind that is one of too many waits for ever.")
def _bind_turn_never_comes(wait: Any) -> Any:
    def waited(self: Any, address: str, now: float, by: float) -> Any:
        return 1e6 if wait(self, address, now, by) else 0.0

    return waited


@mutant(Watch, "_unanswered_at", "An enquire_link that is not answered ends no session.")
def _frozen_not_noticed(_at: Any) -> Any:
    return lambda self: self.probed_until


@mutant(
    Watch,
    "hear",
    "After an enquire_link the next is sent when that one's time is over.",
    "hanging",
)
def _asked_too_late(hear: Any) -> Any:
    def heard(self: Any, now: float) -> bool:
        hear(self, now)
        return False

    return heard


@mutant(session_module.Session, "_admit", "enquire_link is not answered.")
def _enquire_link_unanswered(admit: Any) -> Any:
    def admitted(self: Any, frame: Any) -> bool:
        return frame.command_id != ENQUIRE_LINK and bool(admit(self, frame))

    return admitted


# What waits


@mutant(WaitingReceipts, "_poll", "A receipt whose resp never comes waits for ever.")
def _early_receipts_forgotten(_poll: Any) -> Any:
    return lambda self: None


@mutant(AccountQueue, "count", "What was queued before a restart is not delivered.", "restarting")
def _queue_not_counted(counted: Any) -> Any:
    return lambda self, size: counted(self, 0)


@mutant(Queues, "keep", "A queued message is acknowledged before it is stored.")
def _queued_before_stored(keep: Any) -> Any:
    def kept(self: Any, queue: Any, exchange: Any, message: Any) -> None:
        exchange.answered(Frame.of(exchange.resp(0, b"\0")), self._clock.monotonic())
        keep(self, _Silent(queue), exchange, message)

    return kept


class _Silent:
    """A queue whose SMSC has had its answer."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def kept(self, _exchange: Any, outcome: Any) -> None:
        self._queue._read_ahead.arrived(outcome is Enqueued.STORED)
        self._queue.sender.look_soon()


@mutant(Commits, "_kept", "Answers of a batch that takes long are lost.")
def _answers_of_slow_batch_lost(kept: Any) -> Any:
    def lost(self: Any, result: object) -> None:
        if self._clock.monotonic() - self._rests_until > 0.05 and self._being_kept is not None:
            self._being_kept.answers.clear()
        kept(self, result)

    return lost


# Reloads and what an operator decides


@mutant(SmscService, "leave", "An SMSC that is removed is unbound without being drained.")
def _removed_without_drain(leave: Any) -> Any:
    def left(self: Any, seconds: float) -> Any:
        self.hurry()
        return leave(self, seconds)

    return left


@mutant(Reload, "_remove_account", "The sessions of an account that is removed go on.")
def _removed_account_kept(_remove: Any) -> Any:
    def removed(self: Any, system_id: str) -> None:
        service = self._parts.accounts.pop(system_id)
        service.leave()
        service.disownServiceParent()
        self._parts.router.accounts.remove(service.account)

    return removed


@mutant(EsmeProtocol, "leave", "A session that is to leave is cut, whatever is open.")
def _cut_instead_of_unbound(_leave: Any) -> Any:
    return lambda self, reason, seconds: self.close(reason)


@mutant(Stop, "_until_esmes", "A stop gives up at once what is open.")
def _stop_serves_nobody(_until: Any) -> Any:
    return lambda self: self._clock.seconds()


@mutant(Smsc, "change_state", "An SMSC that is drained takes new messages.")
def _drained_takes_messages(_change: Any) -> Any:
    def changed(self: Any, state: Any) -> None:
        self.state = state

    return changed


@mutant(
    Smsc,
    "change_window",
    "What is open when a window is lowered is given up.",
    "changing",
    "narrow_smscs",
    "silent",
)
def _window_cuts(change: Any) -> Any:
    def changed(self: Any, window: int) -> None:
        for link in self.bound if window < self.window else ():
            link.give_up()
        change(self, window)

    return changed


@mutant(Account, "change", "Sessions that are bound keep the window that they had.")
def _window_at_next_bind(change: Any) -> Any:
    def changed(self: Any, policy: Any) -> None:
        is_used = bool(self.sessions)
        change(self, evolve(policy, window=self.policy.window) if is_used else policy)

    return changed


@mutant(SmscService, "change", "A reload binds the links of every SMSC in it anew.")
def _links_bound_anew(change: Any) -> Any:
    def changed(self: Any, gate: Any, settings: Any) -> None:
        for link, plan in list(self._plans.items()):
            self._plans[link] = evolve(plan, version="")
        change(self, gate, settings)

    return changed


@mutant(SmscService, "_renew_next", "All links of an SMSC are bound anew at once.")
def _all_links_at_once(_renew: Any) -> Any:
    def renewed(self: Any, wanted: Any) -> None:
        for number in wanted:
            for link in self._outdated(number, wanted):
                self._retire(link, "it is bound anew with other settings")

    return renewed


@mutant(SmscService, "_retire", "A link that is not wanted any more is forgotten, and stays.")
def _unwanted_link_stays(_retire: Any) -> Any:
    def retired(self: Any, link: Any, reason: str) -> None:
        self.links.remove(link)

    return retired


@mutant(EsmeService, "change", "An account keeps the ranges that it had.")
def _ranges_kept(change: Any) -> Any:
    def changed(self: Any, settings: Any) -> None:
        change(self, evolve(settings, address_ranges=self.settings.address_ranges))

    return changed


@mutant(Pool, "change", "Members that are taken out of a pool stay in it.")
def _members_stay(change: Any) -> Any:
    def changed(self: Any, members: Any, *more: Any) -> None:
        left = [each for each in self.members if each not in members]
        change(self, [*members, *left], *more)

    return changed


@mutant(Pool, "rank", "Backups help out where members are full.", "backups", "narrow_smscs")
def _backups_help_out(rank: Any) -> Any:
    def ranked(self: Any) -> None:
        rank(self)
        (members, backups) = (tier.choose for tier in self._tiers)
        self.choose = lambda *asked: members(*asked) or backups(*asked)

    return ranked


@mutant(Pool, "_tier", "Backups never take anything.")
def _backups_stay_away(_tier: Any) -> Any:
    return lambda self, command_id=None: self._tiers[0]


@mutant(Member, "_weigh", "A member of weight 0 takes messages like one of weight 1.")
def _weight_0_takes(weigh: Any) -> Any:
    def weighed(self: Any) -> None:
        weigh(self)
        if not self.weight:
            self.weight, self.cost = 1, 1.0

    return weighed


@mutant(Smsc, "_tell_seats", "Pools are not told when links of an SMSC come and go.")
def _pools_not_told(_tell: Any) -> Any:
    return lambda self: None


@mutant(
    Rendezvous,
    "choose",
    "A message goes to another member while that of its key is full.",
    "hashing",
    "narrow_smscs",
)
def _home_not_waited_for(choose: Any) -> Any:
    def chosen(self: Any, now: float, key: Any, tried: Any) -> Any:
        first = choose(self, now, key, tried)
        if first is not None:
            return first
        return choose(self, now, key, (*tried, self.home(key, tried)))

    return chosen


@mutant(
    WaitingRoom,
    "_find_homes",
    "What waits for one member of a key goes on to wait for it.",
    "hashing",
    "narrow_smscs",
    "holding",
)
def _homes_kept(_find: Any) -> Any:
    return lambda self, pool: None


@mutant(EsmeProtocol, "congested", "An ESME of SMPP 5.0 hears of the SMSC's congestion.")
def _congestion_of_the_smsc(_congested: Any) -> Any:
    return lambda self, octets: octets


@mutant(Queues, "remove", "What waits for an account that is removed is thrown away.")
def _queue_goes_with_account(remove: Any) -> Any:
    def removed(self: Any, account: Any) -> None:
        queue = self._queues.get(account)
        remove(self, account)
        if queue is not None:
            reading = self._store.queued(queue.name, 0, 1000)
            reading.addCallback(
                lambda all_: self._store.remove(queue.name, [m.number for m in all_])
            )
            reading.addErrback(lambda _: None)

    return removed


@mutant(
    AccountQueue,
    "drop",
    "What comes after a queue was dropped is thrown away as well.",
    "dropping",
    "absent",
)
def _dropped_for_good(drop: Any) -> Any:
    def dropped(self: Any) -> Any:
        self.change(self._limit, 0.001)
        return drop(self)

    return dropped


@mutant(Accounts, "add", "An account that is added admits no bind.")
def _added_admits_nobody(_add: Any) -> Any:
    return lambda self, account: None


@mutant(AccountControl, "close", "An account that is closed accepts binds all the same.")
def _closed_accepts(_close: Any) -> Any:
    return lambda self: None


# What is counted for those who observe the gate


@mutant(counting.Counting, "taken", "A message that an SMSC took is counted twice.")
def _taken_counted_twice(taken: Any) -> Any:
    def twice(self: Any, *told: Any) -> None:
        taken(self, *told)
        taken(self, *told)

    return twice


@mutant(counting.Counting, "ended", "An error that an ESME was answered is not counted.")
def _errors_not_counted(ended: Any) -> Any:
    def counted(self: Any, exchange: Any, status: int, *told: Any) -> None:
        if not status:
            ended(self, exchange, status, *told)

    return counted


# What is written of messages


@mutant(MessageLog, "_place", "A line of what was taken says that another ESME has sent it.")
def _place_of_another(place: Any) -> Any:
    def placed(self: Any, exchange: Any) -> bytes:
        first = next(iter(self._places.values()), None)
        return place(self, exchange) if first is None else first

    return placed


@mutant(MessageLog, "_add", "A message that was not taken has two lines.")
def _line_twice(add: Any) -> Any:
    def twice(self: Any, values: Any) -> None:
        add(self, values)
        add(self, values)

    return twice


@mutant(Submitter, "_throttle", "What is over the window of its session is told to nobody.")
def _throttled_untold(throttle: Any) -> Any:
    def throttled(self: Any, origin: Any, frame: Any) -> None:
        tell, self._events.tell_turned_down = self._events.tell_turned_down, None
        throttle(self, origin, frame)
        self._events.tell_turned_down = tell

    return throttled


@mutant(Correlator, "_pass_on", "A message that is refused is told as taken.")
def _refusal_told_as_taken(pass_on: Any) -> Any:
    def passed(self: Any, exchange: Any, octets: bytes, *told: Any) -> None:
        tell = self.events.tell_ended
        if tell is not None:
            self.events.tell_ended = lambda one, _, now, __: tell(one, 0, now, SUCCESS)
        pass_on(self, exchange, octets, *told)
        self.events.tell_ended = tell

    return passed
