"""What must hold of requests from ESMEs to SMSCs, and of their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.simulation import wire
from tests.simulation.health_rules import HealthRules
from tests.simulation.hooks import TOLD
from tests.simulation.ledger import Answer, Attempt, Dialogue, Request
from tests.simulation.rate_rules import RateRules
from tests.simulation.routes import Place

if TYPE_CHECKING:
    from smppgate.settings import PoolSettings
    from tests.simulation.model_esme import EsmeSession
    from tests.simulation.model_smsc import ModelSmsc, SmscSession
    from tests.simulation.world import World

NOT_BOUND, NO_SMSC, UNKNOWN_ID, THROTTLED = 0x04, 0x08, 0x0C, 0x58
LONGEST_ID = 64

_THROTTLES = (0x58, 0x14)
"""How an SMSC says that it is sent too much."""

LEAST_TIME = 1.0
"""Seconds that another SMSC must have left to answer."""

_SOON = 0.01
"""Seconds that the gate may need for what is due."""

_A_TICK = 0.1
"""Seconds after its time at which the end of a request may be noticed."""

_UNDER_WAY = 5.0
"""Seconds in which what has happened is known at both ends."""

NOTICED = 1.0
"""The same while the weather is good."""

_LEAVING = 30.0
"""Seconds in which an SMSC that was removed may come back, and its ids be unknown for a while."""


MOST_CONGESTED = 100
_TELLS = 0x50
_HOOKED = (wire.SUBMIT_SM, wire.SUBMIT_MULTI, wire.DATA_SM)
"""What hooks are asked about."""
_WITH_ID = (wire.SUBMIT_SM | wire.RESP, wire.DATA_SM | wire.RESP)


def _has_own_way(request: Request) -> bool:
    """Whether it may wait for another SMSC than those around it in its session."""
    is_one = request.command == wire.SUBMIT_SM
    may_replace = is_one and wire.replaces(request.body)
    return request.command == wire.SUBMIT_MULTI or may_replace or request.belongs


def _key_of(request: Request, pool: PoolSettings) -> tuple[str, ...] | None:
    """By what it goes to one SMSC; None where it may go to any."""
    if request.command == wire.SUBMIT_MULTI:
        if pool.balance != "hash" or pool.hash_on != "account":
            return None
        return pool.name, "account", request.account.system_id
    source, destination, all_ = wire.addresses(request.inside)
    if pool.balance == "hash":
        account = request.account.system_id.encode()
        by = {"source": source, "destination": destination, "account": account}
        return pool.name, pool.hash_on, by[pool.hash_on].decode()
    is_one = request.command == wire.SUBMIT_SM
    return (pool.name, repr(all_)) if is_one and wire.replaces(request.body) else None


class RequestRules:
    """Judges each request that an SMSC gets, and each answer that an ESME gets."""

    def __init__(self, world: World) -> None:
        self._world = world
        # Pool and key → where a message with it was sent last, and when.
        self._homes: dict[tuple[str, ...], tuple[ModelSmsc, float]] = {}
        self._rates = RateRules(world)
        self._health = HealthRules(world)

    # At the SMSC

    def requested(self, session: SmscSession, pdu: wire.Pdu) -> Attempt:
        """An SMSC gets a request."""
        request = self._world.ledger.asked(pdu.body)
        if not session.is_bound or session.kind == wire.BIND_RX:
            session.violated(f"not bound to take anything, and gets {pdu}")
        if request is None or request.command != pdu.command:
            session.violated(f"{pdu} is no request of any ESME's")
        assert request is not None
        if not 1 <= pdu.number <= wire.MAX_NUMBER or pdu.number in session.open:
            session.violated(f"{pdu} has a number that is none, or is in use")
        self._check_hooks(session, request)
        self._check_place(session, request)
        self._check_body(session, request, pdu)
        self._check_attempts(session, request)
        self._health.requested(session, request)
        self._check_order(session, request)
        self._check_time(session, request)
        self._check_together(session, request)
        self._check_dialogue(session, request)
        attempt = Attempt(session, pdu.number, self._counts_from(session, request), request)
        session.open[pdu.number] = attempt
        request.attempts.append(attempt)
        if request.whole is not None:
            request.whole.attempts.append(attempt)
        if request.command in wire.SUBMITS:
            self._rates.check(session, request)
        self._check_window(session)
        self._check_own_window(request.session)
        return attempt

    def _check_hooks(self, session: SmscSession, request: Request) -> None:
        """Nothing comes that hooks have not let go on."""
        book = self._world.hooks
        if book is None or request.command not in _HOOKED:
            return
        why = book.sent_too_soon("on_submit", request.label, session.sent_at)
        if why and not session.end.incoming.was_full:
            session.violated(f"{request} comes, and {why}")

    def _check_place(self, session: SmscSession, request: Request) -> None:
        terms, name = self._world.terms, session.smsc.plan.name
        if request.command in wire.SUBMITS and session.owner is None:
            pools = terms.pools_for(request, request.at)
            was_full = session.end.incoming.was_full
            sent_at = request.at if was_full else session.sent_at
            self._check_reroute(session, request, sent_at)
            is_begun = self._may_be_begun(session, request)
            if not terms.may_serve(name, pools, sent_at, is_begun):
                session.violated(f"{request} is for another pool")
            if terms.is_held(name, sent_at) and not (was_full or is_begun):
                session.violated(f"{request} is new, and the SMSC takes none")
            if not (was_full or is_begun):
                self._check_backup(session, request, pools)
                self._check_home(session, request, pools)
                self._check_fallback(session, request)
        if session.owner is not None and session.owner is not request.account:
            session.violated(f"{request} on a session that is {session.owner.system_id}'s")
        if session.owner is None and request.account.asks_smsc:
            session.violated(f"{request} on a session that is not its own")

    def _may_be_begun(self, session: SmscSession, request: Request) -> bool:
        """Whether its SMSC may have others that it belongs to: what was sent on a link that is
        lost, or as good as lost, has perhaps not come."""
        if not request.belongs:
            return False
        smsc = session.smsc
        has_lost = smsc.lost_at > request.at - _UNDER_WAY or any(
            each.is_disturbed for each in smsc.sessions
        )
        there = [each.session for each in request.whole.attempts] if request.whole else []
        has_step = request.dialogue is not None and smsc in request.dialogue.smscs
        return has_lost or has_step or any(getattr(s, "smsc", None) is smsc for s in there)

    def _check_reroute(self, session: SmscSession, request: Request, sent_at: float) -> None:
        """What has waited goes where it would go if it came at the time at which it is sent."""
        is_first = not request.attempts and not self._may_be_resubmitted(request)
        pools = self._world.terms.pools_for(request, sent_at)
        name = session.smsc.plan.name
        if is_first and not self._world.terms.may_serve(name, pools, sent_at, is_begun=True):
            session.violated(f"{request} would go to another pool now")

    def _check_backup(self, session: SmscSession, request: Request, pools: list[str]) -> None:
        """A backup gets nothing while a member is able."""
        terms, name, at = self._world.terms, session.smsc.plan.name, session.sent_at
        if not terms.always_backup(name, pools, at - _UNDER_WAY):
            return
        for other in self._always_in(pools, at):
            if self._world.inspection.was_ever_ejected(other):
                continue
            if terms.never_backup(other, pools, at - _UNDER_WAY):
                there = next(each for each in self._world.smscs if each.plan.name == other)
                what = f"{session}: {request} is with a backup, and {other} is able"
                self._world.accuse(what, *there.sessions)

    def _check_home(self, session: SmscSession, request: Request, pools: list[str]) -> None:
        """Equal keys go to one SMSC as long as nothing has changed."""
        terms, at = self._world.terms, session.sent_at
        pool = terms.unchanged_pool(pools, at)
        key = _key_of(request, pool) if pool is not None and not request.attempts else None
        if pool is None or key is None or request.belongs or self._may_be_resubmitted(request):
            return
        before, since = self._homes.get(key, (session.smsc, at))
        self._homes[key] = (session.smsc, at)
        if before is session.smsc or terms.unchanged_pool(pools, since) != pool:
            return
        if self._world.inspection.ranked_at(pool.name) < min(since, at):
            session.violated(f"{request} is here, and one of its key was with {before.plan.name}")

    def _check_fallback(self, session: SmscSession, request: Request) -> None:
        """A pool that stands in for another takes nothing while that has a member that is able."""
        terms, name = self._world.terms, session.smsc.plan.name
        first = terms.first_pools(request, request.at)
        if not first or request.attempts or terms.may_serve(name, first, request.at):
            return
        for other in self._always_in(first, session.sent_at):
            # The gate may be about to bind its links anew, of which they do not know yet.
            there = next(each for each in self._world.smscs if each.plan.name == other)
            what = f"{session}: {request} is for a pool of which {other} is able"
            self._world.accuse(what, *there.sessions)

    def _check_body(self, session: SmscSession, request: Request, pdu: wire.Pdu) -> None:
        body = request.body
        if request.command in wire.SUBMITS:
            body = self._world.at_smsc(request, session.smsc.plan.name)
        else:
            target = self._target(session, request)
            body = body.replace(request.about, target.taken_id, 1)
            if request.command == wire.CANCEL_SM:
                body = self._world.cancelled(body, target)
        book = self._world.hooks
        is_hooked = book is not None and request.command in _HOOKED
        bodies = book.may_be("on_submit", request.label, body) if book and is_hooked else [body]
        if pdu.body not in bodies:
            session.violated(f"{request} has been changed: {body!r} is {pdu.body!r}")

    def _target(self, session: SmscSession, request: Request) -> Request:
        target = request.target
        if target is None or target.account is not request.account:
            session.violated(f"{request} is about a message that is not the account's own")
        assert target is not None
        assert target.taken_by is not None
        if target.taken_by.center is not session.center:
            session.violated(f"{request} is about a message that another SMSC has")
        return target

    def _check_attempts(self, session: SmscSession, request: Request) -> None:
        if not request.attempts:
            return
        last = request.attempts[-1]
        if not last.was_read(self._turned_down(last, request)):
            self._check_resubmitted(session, request, last)
            return
        # An SMSC that was removed and is back is another: it has not turned anything down.
        terms, smsc = self._world.terms, session.smsc
        same = (
            each
            for each in request.attempts
            if each.session.smsc is smsc and not self._was_put_back(each)
        )
        turned_down = (each for each in same if not _may_be_lost(each))
        if not request.belongs and any(
            terms.has_smsc(smsc.plan.name, each.at) for each in turned_down
        ):
            session.violated(f"{request} comes a second time")

    def _turned_down(self, last: Attempt, request: Request) -> set[int]:
        """The answers to its last attempt after which it may be sent again."""
        terms = self._world.terms
        statuses = terms.retried(request, request.at)
        if terms.adapts(last.session.smsc.plan.name, last.at):
            statuses |= set(_THROTTLES)
        # One that has forgotten the bind has turned down everything.
        return statuses | {0x04} if last.session.has_forgotten else statuses

    def _check_resubmitted(self, session: SmscSession, request: Request, last: Attempt) -> None:
        """It was not turned down: its link was lost, and the pool has it sent again then."""
        resubmits = self._world.terms.resubmits(request, request.at)
        # What was on its way while its link was lost may come behind what was sent after that.
        is_earlier = session.is_disturbed and session.sent_at < last.at
        if not (resubmits and (_may_be_lost(last) or is_earlier)):
            session.violated(f"{request} has not been turned down by {last.session}")

    def _was_put_back(self, attempt: Attempt) -> bool:
        """Whether an SMSC has throttled it that is slowed by that."""
        adapts = self._world.terms.adapts(attempt.session.smsc.plan.name, attempt.at)
        return adapts and attempt.was_read(_THROTTLES)

    def _may_be_resubmitted(self, request: Request) -> bool:
        """Whether it may have been sent before on a link that was lost, and not have arrived."""
        return self._world.terms.resubmits(request, request.at)

    def _check_order(self, session: SmscSession, request: Request) -> None:
        if request.attempts or request.command not in wire.SUBMITS or _has_own_way(request):
            return
        if self._may_be_resubmitted(request):
            return
        line = self._line(request)
        if line is None:
            return
        if session.last.get(line, 0) > request.label:
            session.violated(f"{request} has been overtaken by <m{session.last[line]}>")
        session.last[line] = request.label

    def _line(self, request: Request) -> object:
        """What it is in order with: its session, and where keys matter, those with its key.

        Where there are routes, those for the same pools; None where that is not certain.
        """
        terms, source = self._world.terms, request.session
        places: tuple[Place, ...] = ()
        if self._world.plan.routes:
            places = tuple(terms.places(request, request.at))
            if len(places) > 1:
                return None
        hashing = terms.hashing(terms.pools_for(request, request.at), request.at)
        return (source, places, *(_key_of(request, pool) for pool in hashing))

    def _check_together(self, session: SmscSession, request: Request) -> None:
        """Parts of one message go on one link, as long as that is bound and has not turned down
        all that it got of them."""
        if request.whole is None or session.owner is not None or self._world.plan.forgets:
            return
        if session.end.incoming.was_full:
            return
        for attempt in request.whole.attempts:
            self._check_beside(session, request, attempt)

    def _check_beside(self, session: SmscSession, request: Request, other: Attempt) -> None:
        """``other`` is where another part of the same message is, or this one was before."""
        world, at = self._world, session.sent_at
        there: Any = other.session
        since = min(at, other.at)
        if there is session or since < world.began_at:
            return
        is_late = abs(at - other.at) > 0.9 * world.terms.affinity_ttl(since)
        if is_late or there.end.incoming.was_full:
            return
        if self._world.inspection.has_ejected:
            # What has begun at one that is ejected may go on elsewhere.
            return
        first = there if other.at <= at else session
        if other.at <= at and other.was_read(self._turned_down(other, request)):
            return
        names = [first.smsc.plan.name, session.smsc.plan.name, there.smsc.plan.name]
        pools = world.terms.pools_for(request, since)
        if not all(world.terms.always_serves(name, pools, since) for name in names):
            return
        if not any(each.is_disturbed or each.is_leaving for each in (there, session)):
            what = f"{session}: {request} is a part of a message that {there} has"
            # Of two that were sent in one turn of the gate's it is not known which was the first.
            world.accuse(what, there, session)

    def _check_dialogue(self, session: SmscSession, request: Request) -> None:
        """A step goes to the SMSC that has its dialogue, as long as that is there."""
        dialogue, at = request.dialogue, session.sent_at
        if dialogue is None or session.owner is not None:
            return
        before, dialogue.held_by = dialogue.held_by, (session, at)
        dialogue.smscs[session.smsc] = None
        if request.attempts or self._may_be_resubmitted(request):
            dialogue.is_doubtful = True
        if before is None or before[0].smsc is session.smsc or self._is_unknown(dialogue, before):
            return
        if request.account is not dialogue.account:
            # Ranges have moved: a step came to an account that has no part in the dialogue.
            return
        there, since = before
        names = [there.smsc.plan.name, session.smsc.plan.name]
        pools = self._world.terms.pools_for(request, since)
        # Steps of the subscriber's come on links too that take none.
        links = [s for s in there.smsc.sessions if s.is_link and s.bound_at < since - NOTICED]
        if links and all(self._world.terms.always_serves(name, pools, since) for name in names):
            what = f"{session}: {request} is a step of a dialogue that {there} has"
            self._world.accuse(what, there, session, *links)

    def _is_unknown(self, dialogue: Dialogue, before: tuple[SmscSession, float]) -> bool:
        """Whether the gate may have forgotten where it is, or let it go on elsewhere."""
        world, (there, since) = self._world, before
        is_late = world.clock.now - since > 0.9 * world.terms.affinity_ttl(since)
        was_full = there.end.incoming.was_full or there.end.outgoing.was_full
        return (
            is_late
            or was_full
            or dialogue.is_doubtful
            or world.plan.forgets
            or since < world.began_at
            or world.inspection.has_ejected
            or there.is_disturbed
            or there.is_leaving
        )

    def _check_time(self, session: SmscSession, request: Request) -> None:
        """It is not sent after its session has gone, nor when it has waited too long."""
        if session.end.incoming.was_full:
            return
        gate_end = request.session.end.gate_end
        if gate_end is not None and gate_end.closed_at < session.sent_at:
            session.violated(f"{request} is sent after its session has gone")
        if request.command not in wire.SUBMITS:
            return
        longest = max(self._world.terms.holds_of(request, request.at))
        if request.attempts or self._may_be_resubmitted(request):
            longest = max(longest, self._world.terms.answered_by() - LEAST_TIME)
        longest += self._world.hook_time
        if session.sent_at > request.entered_at + longest + _SOON:
            session.violated(f"{request} is sent later than it may wait")

    def _counts_from(self, session: SmscSession, request: Request) -> float:
        """From when on its time to be answered counts, at the earliest."""
        if not request.attempts:
            return session.sent_at
        shortest = min(self._world.terms.holds_of(request, request.at))
        return min(session.sent_at, request.at + shortest)

    def _check_window(self, session: SmscSession) -> None:
        """As long as none of them may have been given up."""
        now, timeout = session.sent_at, self._world.plan.response_timeout
        if "silent_for_good" in session.smsc.plan.moods:
            timeout *= 2
        if session.end.incoming.was_full or any(
            now - a.at >= timeout for a in session.open.values()
        ):
            return
        since = min((each.at for each in session.open.values()), default=now)
        name = session.smsc.plan.name
        if len(session.open) > max(self._world.terms.windows_of_smsc(name, since)):
            session.violated(f"{len(session.open)} requests are open")

    def _check_own_window(self, session: EsmeSession) -> None:
        """Of the ESME's: what SMSCs certainly have not answered is open in the gate."""
        by = self._world.clock.now - self._world.plan.response_timeout
        requests = (r for slot in session.pending.values() for r in slot.requests)
        last = (r.attempts[-1] for r in requests if r.answer is None and r.attempts)
        # What was on a link that is lost is answered by the gate, and that may be under way.
        open_ = [a for a in last if not (a.answers or _may_be_lost(a)) and a.at > by]
        count = len(open_)
        since = min((a.request.at for a in open_ if a.request is not None), default=by)
        if count > max(self._world.terms.windows(session, since)):
            session.violated(f"{count} of its requests are with SMSCs")

    # At the ESME

    def answered(self, session: EsmeSession, pdu: wire.Pdu) -> None:
        """An ESME gets an answer."""
        self._check_congestion(session, pdu)
        slot = session.pending.get(pdu.number)
        if slot is None:
            session.violated(f"{pdu} answers nothing, or something a second time")
        assert slot is not None
        reasons = {request: self._wrong(request, pdu) for request in slot.requests}
        possible = [request for request, reason in reasons.items() if reason is None]
        assigned = slot.answered(pdu, possible)
        if assigned is None:
            told = "; ".join(f"{request}: {reason}" for request, reason in reasons.items())
            session.violated(f"{pdu} cannot be: {told}")
            return
        answers = {r: answer for r, (answer, _) in zip(assigned, slot.possible, strict=True)}
        others = [request for request in assigned if request.answer is not answers[request]]
        for request in others:
            self._world.not_given(request)
        for request in others:
            self._settle(request, answers[request])
        if not slot.open:
            del session.pending[pdu.number]

    def _check_congestion(self, session: EsmeSession, pdu: wire.Pdu) -> None:
        """One of SMPP 5.0 is told of congestion, once, with each id; others are not."""
        rest, state = wire.without_congestion(pdu.body)
        is_told = session.plan.version >= _TELLS and bool(pdu.body) and pdu.command in _WITH_ID
        if is_told is not (state is not None) or (state or 0) > MOST_CONGESTED:
            session.violated(f"{pdu} says of congestion: {state}")
        if wire.without_congestion(rest)[1] is not None:
            session.violated(f"{pdu} has what an SMSC says of its congestion")

    def _settle(self, request: Request, pdu: wire.Pdu) -> None:
        request.answer, request.answered_at = pdu, self._world.clock.now
        # The store has kept the path some time before, and the clock may have been stepped since.
        request.kept_at = min(request.kept_at, self._world.clock.wall())
        if pdu.status == NO_SMSC and request.is_certain:
            self._world.suspect(request, request.attempts)
        if pdu.status == 0 and request.command in wire.SUBMITS:
            request.given = wire.until_nul(pdu.body, 0)[0]
            self._world.given(request)

    def _wrong(self, request: Request, pdu: wire.Pdu) -> str | None:
        """Why ``pdu`` cannot be the answer to ``request``; None where it can."""
        if pdu.command not in (request.command | wire.RESP, wire.NACK):
            return "another command"
        if any(
            self._is_from(request, each, answer, pdu)
            for each in request.attempts
            for answer in each.answers
        ):
            return None
        if self._world.hooks is not None and not pdu.body and self._is_of_hooks(request, pdu):
            return None
        if pdu.command == wire.NACK or pdu.body:
            return f"no SMSC has said so, but {self._said(request)}"
        return self._wrong_status(request, pdu.status)

    def _is_of_hooks(self, request: Request, pdu: wire.Pdu) -> bool:
        """Whether hooks may have had it answered so."""
        book = self._world.hooks
        if book is None or pdu.command == wire.NACK or request.command not in _HOOKED:
            return False
        if pdu.status == TOLD:
            was_answered = any(each.answers for each in request.attempts)
            told = book.about("on_answer", request.label)
            return was_answered and any(each.what == "refuse" for each in told)
        is_sent = bool(request.attempts)
        return not is_sent and book.may_refuse("on_submit", request.label, pdu.status)

    def _is_from(self, request: Request, attempt: Attempt, answer: Answer, pdu: wire.Pdu) -> bool:
        said = answer.pdu
        if attempt.session.has_forgotten and said.status == 0x04:
            # That was said of the gate's own bind.
            return False
        told = self._world.told(said.status, request)
        if (said.command, told) != (pdu.command, pdu.status) or (
            said.status in _THROTTLES and self._should_be_put_back(request, attempt)
        ):
            return False
        if said.command == wire.NACK or said.status:
            return said.body == pdu.body
        if request.command in wire.SUBMITS:
            return self._is_id(request, attempt.session.smsc, said.body, pdu.body)
        if request.command == wire.QUERY_SM:
            asked, _ = wire.until_nul(said.body, 0)
            return said.body.replace(asked, request.about, 1) == pdu.body
        return said.body == pdu.body

    def _should_be_put_back(self, request: Request, attempt: Attempt) -> bool:
        """Whether an SMSC has throttled it that is slowed by that, and it had time, and that SMSC
        can have it again: then no ESME hears of that."""
        world, session = self._world, attempt.session
        terms, name = world.terms, session.smsc.plan.name
        is_changed = (
            len(terms.since(request.at)) > 1 or name in terms.held or name in terms.touched
        )
        if (
            is_changed
            or terms.decided.get(name) == 0
            or not terms.adapts(name, request.at)
            or not world.is_steady
        ):
            return False
        if request.command not in wire.SUBMITS or request.account.asks_smsc:
            return False
        if not min(terms.holds_of(request, request.at)) or not terms.had_room(request.at):
            return False
        is_there = session.is_alive and not session.is_disturbed
        return is_there and not self._has_waited(request)

    def _is_id(self, request: Request, smsc: ModelSmsc, said: bytes, told: bytes) -> bool:
        said, _ = wire.without_congestion(said)
        told, _ = wire.without_congestion(told)
        own, behind = wire.until_nul(said, 0)
        given, rest = wire.until_nul(told, 0)
        if said[behind:] != told[rest:]:
            return False
        return self.is_id(request, smsc, own, given)

    def is_id(self, request: Request, smsc: ModelSmsc, own: bytes, given: bytes) -> bool:
        """Whether an ESME may know by ``given`` what the SMSC calls ``own``."""
        tag = smsc.plan.tag.encode() if self._world.plan.message_ids == "tagged" else b""
        if len(tag + own) <= LONGEST_ID:
            return given == tag + own
        if request.given:
            return given == request.given
        return given.startswith(b"_") and given not in self._world.given_ids

    def _wrong_status(self, request: Request, status: int) -> str | None:
        """Why the gate itself cannot have said so."""
        if status == THROTTLED:
            return self._wrongly_throttled(request)
        if status == NOT_BOUND and not request.session.is_bound:
            # It came behind a bind that was refused.
            return None
        if status == UNKNOWN_ID and request.command not in wire.SUBMITS:
            return self._wrongly_unknown(request)
        # Also one that SMSCs have turned down: a reload may change the routes while it waits.
        is_not_taken = request.command in wire.SUBMITS and not self._wrongly_failed(request)
        if is_not_taken and status in self._world.terms.answers_of_routes(request, request.at):
            return None
        if status not in (NO_SMSC, *self._world.terms.without_smsc(request.at)):
            return f"no SMSC has said so, but {self._said(request)}"
        return (
            self._wrongly_failed(request)
            or self._late(request, self._world.terms.answered_by() + _A_TICK)
            or self._wrongly_without_smsc(request)
        )

    def _wrongly_throttled(self, request: Request) -> str | None:
        """Over its window; or it has waited for an SMSC, or there was no memory for that."""
        terms = self._world.terms
        if request.ahead >= min(terms.windows(request.session, request.at)):
            return None
        if request.command in wire.SUBMITS and self._was_rejected(request):
            return None
        if self._world.hooks is not None and not terms.had_room(request.at):
            # What waits for hooks needs memory too.
            return None
        if not max(terms.holds_of(request, request.at)):
            return "its session was within its window, and nothing waits"
        if terms.had_room(request.at) and not self._has_waited(request):
            return "its session was within its window, and it has not waited"
        return self._wrongly_failed(request) or self._late(request, 0.0)

    def _was_rejected(self, request: Request) -> bool:
        """Whether it may have been over a rate, and was not to wait."""
        rejects = self._world.terms.rejects(request)
        # Hooks may let several go on at once that came one by one.
        may_be_over = self._world.hooks is not None or self._rates.may_be_over(request)
        return rejects and may_be_over

    def _late(self, request: Request, more: float) -> str | None:
        """Whether the gate says so later than it may: after the longest hold, and ``more``."""
        session = request.session
        if request.command not in wire.SUBMITS or session.end.incoming.was_full:
            return None
        longest = max(self._world.terms.holds_of(request, request.at))
        # For the message, and for its answer.
        longest += 2 * self._world.hook_time
        took = session.sent_at - request.entered_at
        return f"it took {took:.3f} s" if took > longest + more + _SOON else None

    def _has_waited(self, request: Request) -> bool:
        """Whether the time in which an SMSC might take it was over when it was answered."""
        session = request.session
        if session.is_leaving or session.is_disturbed:
            return True
        if request.account.asks_smsc and self._world.terms.limits(session, request.at):
            # The SMSC's session that it waited for behind its rate may have gone.
            return True
        shortest = min(self._world.terms.holds_of(request, request.at))
        if request.attempts:
            shortest = min(shortest, self._world.plan.response_timeout - LEAST_TIME)
        return session.sent_at >= request.at + shortest

    def _wrongly_without_smsc(self, request: Request) -> str | None:
        """It was not sent, and should have waited; or SMSCs were there and it has waited for them.

        One that has been sent may have been lost with its link, or be on its way to the model.
        """
        world, account = self._world, request.account
        is_quiet = world.is_steady and world.began_at + NOTICED < request.at
        if request.command not in wire.SUBMITS or request.attempts or not is_quiet:
            return None
        if account.asks_smsc:
            return None
        terms = world.terms
        names = self._always_there(
            request.at, lambda name, since: terms.may_always_take(name, request, since)
        )
        if not names or request.session.is_leaving or request.session.is_disturbed:
            return None
        if not min(world.terms.holds_of(request, request.at)):
            return None
        if not self._has_waited(request):
            return "it has not waited"
        return f"{names} were there all the time"

    def _always_in(self, pools: list[str], at: float) -> list[str]:
        """The SMSCs that were able in each of ``pools`` at all times since ``at``."""
        terms = self._world.terms
        return self._always_there(
            at,
            lambda name, since: (
                terms.always_serves(name, pools, since) and terms.always_weighs(name, pools, since)
            ),
        )

    def _always_there(self, at: float, may_take: Callable[[str, float], bool]) -> list[str]:
        """Those SMSCs that were up at all times since ``at``, and might take a message since
        then; none if any SMSC had a link that ended since."""
        terms, found = self._world.terms, []
        if not self._world.is_quiet_since(at):
            return []
        for smsc in self._world.smscs:
            name, links = smsc.plan.name, [each for each in smsc.sessions if each.is_link]
            # The weather is good.
            since = at - NOTICED
            is_there = any(each.bound_at < since for each in links)
            # A link that is bound anew takes nothing new while answers are awaited on it.
            renewed_by = since - self._world.plan.response_timeout
            is_free = terms.links_stayed(name, renewed_by) and not (
                name in terms.held
                or name in terms.touched
                or terms.released.get(name, 0.0) > since
            )
            if is_there and is_free and may_take(name, since):
                found.append(name)
        return found

    def _wrongly_failed(self, request: Request) -> str | None:
        for attempt in request.attempts:
            if attempt.has_counted():
                return f"{attempt.session} has taken it"
        return None

    def _wrongly_unknown(self, request: Request) -> str | None:
        target = request.target
        if target is None or target.account is not request.account:
            return None
        terms = self._world.terms
        assert target.taken_by is not None
        if not terms.has_smsc(target.taken_by.smsc.plan.name, request.at - _LEAVING):
            return None
        system_id = target.account.system_id
        if not terms.has_account(system_id, request.at):
            return None
        is_kept = target.wants_receipt or terms.keeps_paths(target.session, target.at)
        return "the message is known" if is_kept and self._world.is_live(target.kept_at) else None

    def _said(self, request: Request) -> str:
        said = [f"{a.session}: {b.pdu}" for a in request.attempts for b in a.answers]
        return ", ".join(said) or "nothing"


def _may_be_lost(attempt: Attempt) -> bool:
    """Whether the gate may have lost the link that it was sent on."""
    return attempt.session.is_disturbed
