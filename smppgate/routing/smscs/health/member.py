"""`MemberHealth`: what is known of one member's health, and whether it is ejected."""

from __future__ import annotations

from typing import Protocol

from attrs import define, field, frozen

from smppgate.routing.smscs.health.errors import FAULTS, NO_ERRORS, UNEXPLAINED
from smppgate.routing.smscs.health.tally import Tally
from smppgate.routing.smscs.smsc import Smsc

SPANS = (2, 10, 60)
"""Seconds that are looked back on: a minute, as a rule, and less for one that was well just now
and fails so fast that it takes thousands of messages until half of a minute's are errors."""

FORGIVEN_AFTER = 300.0
"""Seconds in service after which an ejection less counts."""

SLOW_START_FROM = 0.1
"""The part of its weight that a member comes back with."""

PATIENCE_KEPT = 0.99
"""What is left of `MemberHealth.patience` after a second: half of it after a minute."""


@frozen
class Counts:
    """Messages that members have answered, or not in time.

    :ivar errors: those of them with an error, ``unexplained`` those of these that say nothing of
        the message: see `smppgate.routing.smscs.health.errors`.
    """

    answers: int
    errors: int
    unexplained: int

    def since(self, before: Counts) -> Counts:
        """What is more than ``before``."""
        return Counts(
            self.answers - before.answers,
            self.errors - before.errors,
            self.unexplained - before.unexplained,
        )

    def those(self, is_unexplained: bool) -> int:
        """Those of the errors that are unexplained, or all of them."""
        return self.unexplained if is_unexplained else self.errors


@frozen
class Verdict:
    """Why a member is to be ejected.

    :param reason: in words, for the log.
    :param rate: the part of its answers that were errors; None where it gives no answer at all.
    :param is_unexplained: whether the rate is that of unexplained errors alone.
    """

    reason: str
    rate: float | None
    is_unexplained: bool = False


@frozen
class Ejection:
    """Why and until when a member is ejected.

    :param at: seconds, on the monotonic clock like ``until``.
    :param others: what the other members had answered then.
    """

    verdict: Verdict
    at: float
    until: float
    others: Counts


@define(eq=False)
class MemberHealth:
    """The health of one member. Mutable.

    :ivar ejection: None while it takes messages.
    :ivar count: ejections that are not forgiven.
    :ivar in_row: faults without another answer between them.
    :ivar answers: all so far, and ``errors`` and ``unexplained`` of them: see `Counts`;
        ``tallies`` has those of each of `SPANS`.
    :ivar answered_at: when it was last seen to have answered; ``moved_at``: that, or that it owed
        no answer.
    :ivar patience: seconds without an answer that are nothing unusual for it.
    :ivar is_lost: whether it has lost its last link with requests on it, and is not up again.
    :ivar slow_from: when its slow start began, ``slow_until`` when it ends.
    """

    ejection: Ejection | None = None
    count: int = 0
    in_row: int = 0
    answers: int = 0
    errors: int = 0
    unexplained: int = 0
    tallies: tuple[Tally, ...] = field(
        factory=lambda: tuple(Tally(seconds) for seconds in SPANS), init=False
    )
    answered_at: float = float("-inf")
    moved_at: float = float("-inf")
    patience: float = 0.0
    is_lost: bool = False
    slow_from: float = 0.0
    slow_until: float = 0.0
    _forgiven_at: float = 0.0
    _taken: int = 0
    _answered: int = 0

    def took(self, taken: int) -> int:
        """Note that it took ``taken`` messages so far; gives how many are new."""
        count, self._taken = max(0, taken - self._taken), taken
        if count:
            self.in_row = 0
            self.answers += count
            for tally in self.tallies:
                tally.answers.add(count)
        return count

    def erred(self, status: int) -> None:
        """It gave a message this status, or `NO_ANSWER`."""
        is_error, is_unexplained = status not in NO_ERRORS, status in UNEXPLAINED
        self.in_row = self.in_row + 1 if status in FAULTS else 0
        self.answers += 1
        self.errors += is_error
        self.unexplained += is_unexplained
        for tally in self.tallies:
            tally.answers.add()
            tally.errors.add(is_error)
            tally.unexplained.add(is_unexplained)

    def lost_link(self) -> None:
        """A link was lost with requests on it."""
        self.in_row += 1

    def look(self, smsc: Smsc, now: float) -> None:
        """See whether ``smsc`` has answered since the last look, on whatever pool's messages."""
        answered = smsc.taken + smsc.refused
        if answered != self._answered:
            self._answered = answered
            self.answered_at = self.moved_at = now
        elif not smsc.outstanding:
            self.moved_at = now

    def factor(self, now: float) -> float:
        """The part of its weight that it has at ``now``: it rises in slow start."""
        if now >= self.slow_until:
            return 1.0
        passed = (now - self.slow_from) / (self.slow_until - self.slow_from)
        return SLOW_START_FROM + (1.0 - SLOW_START_FROM) * max(0.0, passed)

    def eject(self, ejection: Ejection) -> None:
        """It is ejected."""
        self.ejection = ejection
        self.count += 1

    def end_ejection(self, now: float, slow_start: float, is_forgiven: bool) -> None:
        """It is back. What it did before is not held against it.

        :param slow_start: seconds.
        :param is_forgiven: whether the ejection does not count: it was none of its own doing.
        """
        self.ejection = None
        self.count -= is_forgiven
        self.in_row = 0
        for tally in self.tallies:
            tally.clear()
        self.start_slowly(now, slow_start)
        self._forgiven_at = self.moved_at = now

    def start_slowly(self, now: float, seconds: float) -> None:
        """Let its weight rise for so long."""
        self.slow_from, self.slow_until = now, now + seconds

    def step(self, now: float) -> None:
        """A second is over."""
        for tally in self.tallies:
            tally.step()
        self.patience *= PATIENCE_KEPT
        is_good = self.ejection is None and now - self._forgiven_at >= FORGIVEN_AFTER
        if self.count and is_good:
            self.count -= 1
            self._forgiven_at = now


class Seat(Protocol):
    """A member of a pool, as far as its health goes."""

    smsc: Smsc
    health: MemberHealth

    @property
    def taken(self) -> int:
        """Messages that it has taken for its pool; it may be counted anew from 0."""

    @property
    def is_up(self) -> bool:
        """Whether it takes new messages, if not now, unless it is ejected."""

    def slow(self, factor: float) -> None:
        """Count with this part of its weight."""
