"""Whether a member is to be ejected: `judged` by its errors, `stands_still` by its silence.

Errors count against those of the pool's other members. What a message's own fault is, all members
refuse alike, so nobody is ejected for a list of bad numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smppgate.routing.smscs.health.member import Seat, Verdict
from smppgate.routing.smscs.health.tally import Tally

LEAST_ANSWERS = 20
"""Answers that a rate is made of, at the least; of the others too, for them to be compared."""

OUTLIER_RATE = 0.5
"""Of its answers, the part that must be errors of any kind."""

UNWELL_ERRORS = 10
"""Unexplained errors that tell a lower rate from chance."""

UNWELL_RATE = 0.1
"""Of its answers, the part that they must be."""

TIMES_OTHERS = 3
"""How many times as often as the others it errs."""

LEAST_PATIENCE = 1.0
"""Seconds without any answer, at the least, before a member stands still."""

TIMES_THEIR_LATENCY, TIMES_OWN_LATENCY = 5, 3
"""How many times as long as usual that must be."""

FEW = 5
"""Requests that one slow message does not make: a member with fewer does not stand still, unless
its window is full."""


def judged(member: Seat, others: Sequence[Seat], max_errors: int) -> Verdict | None:
    """Whether ``member`` has erred so often that it is to be ejected.

    :param others: the members that take messages beside it.
    """
    health = member.health
    spans = [
        (own, Others(theirs))
        for own, *theirs in zip(health.tallies, *(o.health.tallies for o in others), strict=True)
    ]
    if health.in_row >= max_errors and not spans[1][1].are_alike(1.0, True):
        return Verdict(f"{health.in_row} faults in a row", 1.0, True)
    return next(filter(None, (_outlier(*span) for span in spans)), None)


class Others:
    """How the other members answered in one span of time."""

    def __init__(self, tallies: Iterable[Tally]) -> None:
        self.answers = self.errors = self.unexplained = 0
        for tally in tallies:
            self.answers += tally.answers.total
            self.errors += tally.errors.total
            self.unexplained += tally.unexplained.total

    @property
    def are_known(self) -> bool:
        """Whether they have answered enough to be compared with."""
        return self.answers >= LEAST_ANSWERS

    def are_alike(self, rate: float, is_unexplained: bool) -> bool:
        """Whether they err about as often as one that does at this ``rate``, as far as known."""
        errors = self.unexplained if is_unexplained else self.errors
        return self.answers > 0 and TIMES_OTHERS * errors >= rate * self.answers


def _outlier(own: Tally, others: Others) -> Verdict | None:
    answers, errors, unexplained = own.answers.total, own.errors.total, own.unexplained.total
    if answers < LEAST_ANSWERS:
        return None
    if others.are_known and errors > OUTLIER_RATE * answers:
        return _unlike(own, others, errors, False)
    # While the others have not said much, what may be the messages' own fault does not count.
    is_sure = others.are_known and unexplained >= UNWELL_ERRORS
    least = UNWELL_RATE if is_sure else OUTLIER_RATE
    return _unlike(own, others, unexplained, True) if unexplained > least * answers else None


def _unlike(own: Tally, others: Others, errors: int, is_unexplained: bool) -> Verdict | None:
    """That it is to be ejected for so many ``errors``, unless the others are alike."""
    rate = errors / own.answers.total
    if others.are_alike(rate, is_unexplained):
        return None
    theirs = others.unexplained if is_unexplained else others.errors
    reason = (
        f"{errors} errors in {own.answers.total} answers of {own.seconds} s, "
        f"of the others {theirs} in {others.answers}"
    )
    return Verdict(reason, rate, is_unexplained)


def stands_still(member: Seat, others: Iterable[Seat], now: float) -> Verdict | None:
    """Whether ``member`` has given no answer for much longer than usual while ``others`` have.

    To be asked once all have been looked at: `MemberHealth.look`.
    """
    smsc, health = member.smsc, member.health
    if smsc.outstanding < min(FEW, smsc.capacity or FEW):
        return None
    since = max(health.moved_at, _oldest(member))
    moving = [each.smsc.latency for each in others if each.health.answered_at > since]
    if not moving:
        return None
    patience = max(
        LEAST_PATIENCE,
        health.patience,
        TIMES_THEIR_LATENCY * max(moving),
        TIMES_OWN_LATENCY * smsc.latency,
    )
    if now - since < patience:
        return None
    open_ = smsc.outstanding
    return Verdict(f"no answer to {open_} requests for {now - since:.1f} s, others answer", None)


def _oldest(member: Seat) -> float:
    """When the request was sent that waits longest of those that are in time."""
    sent = (link.outstanding.oldest() for link in member.smsc.bound)
    return min((each for each in sent if each is not None), default=float("-inf"))
