"""What must hold of rates: no SMSC, link, account or session is ever over its bucket.

A bucket allows, in any time, what its rate gives in it, its burst, and one message more. A
submit_multi of the models has two destinations and may take a bucket below zero by one. With each
life of the gate buckets begin anew: those of SMSCs with one token, those of ESMEs full.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field

from tests.simulation import wire
from tests.simulation.clock import NEVER
from tests.simulation.ledger import Request
from tests.simulation.terms import Term

if TYPE_CHECKING:
    from tests.simulation.model_smsc import SmscSession
    from tests.simulation.world import World

_MORE = 2.001
"""Tokens beyond rate and burst: the one that is promised, and the second of a submit_multi."""

_LONG = 30.0
"""Seconds after which all buckets are full."""

Limit = tuple[float, float]
"""Rate and burst."""


class _Sent(NamedTuple):
    """A message: when its tokens were taken at the earliest and at the latest."""

    at: float
    by: float
    tokens: int


@define
class _Line:
    """What was sent under one limit."""

    sent: list[_Sent] = field(factory=list)

    def over(
        self, new: _Sent, limit: Callable[[float], Limit | None], more: Callable[[float], float]
    ) -> str:
        """Whether ``new`` makes it too much in any time, in words.

        :param limit: the most that was allowed since a time; None for any number.
        :param more: what is allowed beside, because buckets began anew since a time.
        """
        insort(self.sent, new)
        if limit(new.at) is None:
            # None since then is none since before then.
            return ""
        for first in self.sent:
            allowed = limit(first.at) if first.at <= new.at else None
            if allowed is None:
                continue
            since = [each for each in self.sent if each.at >= first.at]
            for last in [each for each in since if each.by >= new.by]:
                tokens = sum(each.tokens for each in since if each.by <= last.by)
                seconds = last.by - first.at
                most = allowed[0] * seconds + allowed[1] + _MORE + more(first.at)
                if tokens > most:
                    return f"{tokens} messages in {seconds:.3f} s, with {allowed}"
        return ""


class RateRules:
    """Judges each message that an SMSC gets, by the rates of all that it counts for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lines: dict[object, _Line] = {}
        # When each life of the gate began.
        self._begun: list[float] = []

    def check(self, session: SmscSession, request: Request) -> None:
        """An SMSC gets a message; it is noted as an attempt already."""
        if self._begun[-1:] != [self._world.began_at]:
            self._begun.append(self._world.began_at)
        # What the gate could not write at once was sent at any time before.
        if not session.end.incoming.was_full:
            self._check_smsc(session, request)
        if len(request.attempts) == 1:
            self._check_esme(session, request)

    def _check_smsc(self, session: SmscSession, request: Request) -> None:
        name, tokens = session.smsc.plan.name, _tokens(request)
        sent = _Sent(session.sent_at, session.sent_at, tokens)
        # One that was removed and added anew is another, with a bucket of its own; what was bound
        # for one ESME before is served until it ends.
        is_one = self._world.terms.has_smsc(name, self._world.began_at)
        for key, overall in ((name, True), (session, False)) if is_one else ((session, False),):
            over = self._line(key).over(
                sent, lambda at, overall=overall: self._of_smsc(name, at, overall), self._lives
            )
            if over:
                session.violated(f"{request} is over the rate of {key}: {over}")

    def _check_esme(self, session: SmscSession, request: Request) -> None:
        """Its tokens were taken between the time that it came and the time that it was sent."""
        full = session.end.incoming.was_full
        by = self._world.clock.now if full else session.sent_at
        sent = _Sent(request.at, by, _tokens(request))
        account = request.account.system_id
        if not self._world.terms.has_account(account, self._world.began_at):
            # One that was removed and added anew is another, with buckets of its own; sessions of
            # the first are served until their requests are answered.
            return
        for key, overall in ((account, True), (request.session, False)):
            over = self._line(key).over(
                sent,
                lambda at, overall=overall: self._of_esme(account, at, overall),
                lambda at: self._lives(at) * self._burst(account, at),
            )
            if over:
                session.violated(f"{request} is over the rate of {key}: {over}")

    def may_be_over(self, request: Request) -> bool:
        """Whether a message that was answered 0x58 at once may have been over a rate."""
        if len(self._world.terms.since(request.at - _LONG)) > 1:
            return True
        asked = [r for r in self._world.ledger.submits() if r.at > request.at - _LONG]
        account = [r for r in asked if r.account is request.account]
        own = [r for r in asked if r.session is request.session]
        name = request.account.system_id
        return any(
            limit is not None and _may_have_used_up(limit, some, request)
            for overall, some in ((True, account), (False, own))
            for limit in self._limits_of_esme(name, request.at, overall)
        )

    def _line(self, key: object) -> _Line:
        return self._lines.setdefault(key, _Line())

    def _lives(self, at: float) -> float:
        """How often the gate has begun since then."""
        return float(sum(1 for begun in self._begun if begun > at))

    def _burst(self, name: str, at: float) -> float:
        limits = [*self._limits_of_esme(name, at, True), *self._limits_of_esme(name, at, False)]
        return max((each[1] for each in limits if each is not None), default=0.0)

    def _of_smsc(self, name: str, at: float, overall: bool) -> Limit | None:
        """The most that was allowed at any time since then."""
        terms = self._world.terms.since(at)
        return _most([_limit_of_smsc(term, name, overall) for term in terms])

    def _of_esme(self, name: str, at: float, overall: bool) -> Limit | None:
        return _most(self._limits_of_esme(name, at, overall))

    def _limits_of_esme(self, name: str, at: float, overall: bool) -> list[Limit | None]:
        return [_limit_of_esme(term, name, overall) for term in self._world.terms.since(at)]


def _may_have_used_up(limit: Limit, asked: Sequence[Request], request: Request) -> bool:
    """Whether these, since some time, have taken all tokens but for a part of one."""
    rate, burst = limit
    now, tokens = request.entered_at, 0
    # When one has come is not always known.
    before = [r for r in asked if r is not request and (r.entered_at <= now or r.at < now)]
    for each in sorted(before, key=lambda r: min(r.entered_at, now), reverse=True):
        tokens += _tokens(each)
        if tokens > burst - 1 + rate * (now - min(each.entered_at, now)) - 0.01:
            return True
    return now == NEVER


def _tokens(request: Request) -> int:
    return 2 if request.command == wire.SUBMIT_MULTI else 1


def _most(limits: list[Limit | None]) -> Limit | None:
    known = [each for each in limits if each is not None]
    if not known or len(known) < len(limits):
        return None
    return max(each[0] for each in known), max(each[1] for each in known)


def _limit_of_smsc(term: Term, name: str, overall: bool) -> Limit | None:
    smsc = term.smscs.get(name)
    rate = (smsc.rate if overall else smsc.link_rate) if smsc is not None else 0.0
    if smsc is None or not rate:
        return None
    return rate, smsc.burst or max(1.0, rate / 10)


def _limit_of_esme(term: Term, name: str, overall: bool) -> Limit | None:
    esme = term.esmes.get(name)
    rate = (esme.rate if overall else esme.session_rate) if esme is not None else 0.0
    if esme is None or not rate:
        return None
    return rate, esme.burst or max(1.0, rate)
