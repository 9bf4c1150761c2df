"""`PoolHealth`: which members of a pool are ejected, and how they come back.

The life of an ejection:

1. A member errs, or gives no answer while others do: `judgement` finds it worth ejecting.
2. It is ejected, unless it is the last that is able or too many are: it gets no new messages.
   What it has it may answer. How long: `HealthPolicy.eject_time` × how often.
3. It comes back when that time is over; earlier, if it is needed because no other member is able,
   if the others turn out to err as much, if it stood still and answers again, or if the operator
   says so.
4. It takes part with a tenth of its weight, which rises to the whole in `HealthPolicy.slow_start`.
   So does a member that was down because it was lost with requests on its last link: whether that
   or an ejection was first is chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from smppgate.routing.smscs.health.judgement import (
    LEAST_ANSWERS,
    LEAST_PATIENCE,
    TIMES_OTHERS,
    judged,
    stands_still,
)
from smppgate.routing.smscs.health.member import Counts, Ejection, Seat, Verdict
from smppgate.routing.smscs.health.policy import HealthPolicy, RetryPolicy
from smppgate.routing.smscs.health.retry import RetryBudget

LONGEST_EJECTION = 300.0
"""Seconds that an ejection lasts at the most, if `HealthPolicy.eject_time` is no longer."""

NO_EJECTIONS = HealthPolicy()
USUAL_RETRIES = RetryPolicy()

HICCUP = 5.0
"""Seconds without an answer that are noted as nothing unusual, where answers follow."""


@frozen(eq=False)
class Change:
    """A member was ejected, or is back.

    :param seconds: for how long; 0 where it is back.
    """

    member: Seat
    reason: str
    seconds: float = 0.0

    @property
    def is_ejected(self) -> bool:
        """Whether it was ejected."""
        return self.seconds > 0


class PoolHealth:
    """The health of the members of one pool. Whoever calls it does what its changes say.

    :param members: a reload changes them.
    :ivar budget: how many messages may be tried again.
    """

    __slots__ = ("budget", "members", "policy", "retry")

    def __init__(
        self,
        members: Sequence[Seat] = (),
        policy: HealthPolicy = NO_EJECTIONS,
        retry: RetryPolicy = USUAL_RETRIES,
    ) -> None:
        self.members = tuple(members)
        self.policy = policy
        self.retry = retry
        self.budget = RetryBudget()

    def may_retry(self, attempts: int) -> bool:
        """Whether a message may be tried again that was sent so often."""
        if attempts >= self.retry.max_attempts:
            return False
        if not self.budget.is_left:
            self.budget.refused += 1
            return False
        return True

    # What happens to members

    def erred(self, member: Seat, status: int, now: float) -> list[Change]:
        """``member`` gave a message this status, or `NO_ANSWER`."""
        self._look()
        member.health.erred(status)
        self.budget.answered(1)
        return self._judge(member, now)

    def lost_link(self, member: Seat, now: float) -> list[Change]:
        """``member`` has lost a link with requests on it."""
        self._look()
        member.health.lost_link()
        if not member.smsc.links:
            member.health.is_lost = True
        return self._judge(member, now)

    def changed(self, member: Seat, now: float) -> list[Change]:
        """The links of ``member`` have changed, or what an operator has decided about it."""
        health = member.health
        if health.is_lost and member.is_up:
            health.is_lost = False
            health.start_slowly(now, self.policy.slow_start)
            self._slow(member, now)
        return self.needed(now)

    def step(self, now: float) -> list[Change]:
        """A second is over; ``now`` may be a good deal later, if the process was stopped."""
        self._look()
        for member in self.members:
            member.health.look(member.smsc, now)
        changes = [*self._returning(now), *self._surplus(now)]
        changes += [*self._standing(now), *self.needed(now)]
        for member in self.members:
            member.health.step(now)
            self._slow(member, now)
        self.budget.step()
        return changes

    def overslept(self, now: float) -> None:
        """The process was stopped: that nobody has answered means nothing."""
        for member in self.members:
            member.health.moved_at = now

    def needed(self, now: float) -> list[Change]:
        """Let all come back that can take messages, if no other member can."""
        if any(each.health.ejection is None and each.is_up for each in self.members):
            return []
        needed = [each for each in self.members if each.health.ejection and each.is_up]
        return [self._end(each, "no other member is able", now) for each in needed]

    def end(self, member: Seat, reason: str, now: float) -> list[Change]:
        """Let ``member`` come back, if it is ejected."""
        return [self._end(member, reason, now)] if member.health.ejection is not None else []

    # Ejecting

    def _judge(self, member: Seat, now: float) -> list[Change]:
        others = self._others(member)
        if not self.policy.max_errors or member.health.ejection is not None or not others:
            return []
        verdict = judged(member, others, self.policy.max_errors)
        return self._eject(member, verdict, now) if verdict is not None else []

    def _standing(self, now: float) -> list[Change]:
        return [change for each in self.members for change in self._judge_silence(each, now)]

    def _judge_silence(self, member: Seat, now: float) -> list[Change]:
        is_judged = self.policy.max_errors and member.is_up
        if not is_judged or member.health.ejection is not None:
            return []
        others = self._others(member)
        verdict = stands_still(member, others, now) if others else None
        return self._eject(member, verdict, now) if verdict is not None else []

    def _eject(self, member: Seat, verdict: Verdict, now: float) -> list[Change]:
        """Eject ``member``, which is not the last that is able, unless too many are."""
        if self._room_for_ejected() <= 0:
            return []
        time, count = self.policy.eject_time, member.health.count + 1
        seconds = min(time * count, max(time, LONGEST_EJECTION))
        others = self._counts_beside(member)
        member.health.eject(Ejection(verdict, now, now + seconds, others))
        return [Change(member, verdict.reason, seconds)]

    # Coming back

    def _returning(self, now: float) -> Iterator[Change]:
        for member in self.members:
            ejection = member.health.ejection
            if ejection is None:
                continue
            if not self.policy.max_errors:
                yield self._end(member, "members are not ejected any more", now)
            elif ejection.verdict.rate is None:
                yield from self._moving(member, ejection, now)
            elif now >= ejection.until:
                yield self._end(member, "its time is over", now)
            elif self._is_alike(member, ejection, ejection.verdict.rate):
                yield self._end(member, "the others err as often", now, is_forgiven=True)

    def _surplus(self, now: float) -> list[Change]:
        """Let those come back that have been out longest where a reload lets fewer be out."""
        surplus = -self._room_for_ejected()
        if surplus <= 0:
            return []
        since = {each: e.at for each in self.members if (e := each.health.ejection) is not None}
        longest = sorted(since, key=since.__getitem__)[:surplus]
        return [self._end(each, "too many are ejected", now) for each in longest]

    def _room_for_ejected(self) -> int:
        """How many more members may be ejected; less than 0 where too many are."""
        ejected = sum(1 for each in self.members if each.health.ejection is not None)
        return self.policy.most_ejected(len(self.members)) - ejected

    def _moving(self, member: Seat, ejection: Ejection, now: float) -> Iterator[Change]:
        """It stood still: it is back when it answers, or owes no answer on the links it has."""
        health, out = member.health, now - ejection.at
        if health.moved_at <= ejection.at or not member.smsc.links:
            return
        if health.answered_at > ejection.at and out < HICCUP:
            health.patience = max(health.patience, 2 * (out + LEAST_PATIENCE))
            yield self._end(member, "it answers again", now, is_forgiven=True, slow_start=out)
        else:
            yield self._end(member, "it answers again", now)

    def _is_alike(self, member: Seat, ejection: Ejection, rate: float) -> bool:
        """Whether the other members have erred since about as often as it did."""
        since = self._counts_beside(member).since(ejection.others)
        if since.answers < LEAST_ANSWERS:
            return False
        errors = since.those(ejection.verdict.is_unexplained)
        return TIMES_OTHERS * errors >= rate * since.answers

    def _end(
        self,
        member: Seat,
        reason: str,
        now: float,
        is_forgiven: bool = False,
        slow_start: float = float("inf"),
    ) -> Change:
        member.health.end_ejection(now, min(self.policy.slow_start, slow_start), is_forgiven)
        self._slow(member, now)
        return Change(member, reason)

    def _slow(self, member: Seat, now: float) -> None:
        health = member.health
        if health.slow_until:
            factor = health.factor(now)
            member.slow(factor)
            if factor == 1.0:
                health.slow_until = 0.0

    # The members

    def _look(self) -> None:
        """Count what members have taken since the last look."""
        for member in self.members:
            self.budget.answered(member.health.took(member.taken))

    def _others(self, member: Seat) -> list[Seat]:
        """The members beside it that are able."""
        return [
            each
            for each in self.members
            if each is not member and each.health.ejection is None and each.is_up
        ]

    def _counts_beside(self, member: Seat) -> Counts:
        others = [each.health for each in self.members if each is not member]
        return Counts(
            sum(each.answers for each in others),
            sum(each.errors for each in others),
            sum(each.unexplained for each in others),
        )
