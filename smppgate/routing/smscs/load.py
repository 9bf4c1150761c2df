"""`Load`: what an SMSC has to do, how that goes, and who waits for it to have less.

Load and capacity are two integers, so a choice costs the same with any number of links. An SMSC
that stops answering fills its windows, has no room then, and other SMSCs are chosen.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import Protocol

from smppgate.routing.smscs.congestion import Congestion
from smppgate.routing.smscs.peaks import Peaks
from smppgate.routing.smscs.recent import Recent

ERROR_SECONDS = 10
"""How long an error weighs like an unanswered request, see `Smsc.errors`."""

LATENCY_STEP = 0.1
"""How much of the difference to a new answer's latency the smoothed latency moves by."""


class Outcome(Enum):
    """How a request to an SMSC ended."""

    TAKEN = "taken"
    """It was answered ESME_ROK."""
    REFUSED = "refused"
    """It was answered with another status."""
    TIMED_OUT = "timed out"
    LOST = "lost"
    """The link was lost before the answer."""


# Plain names: to look up a member of an enumeration costs more than to count with it.
TAKEN, REFUSED, TIMED_OUT, LOST = Outcome


class Waiter(Protocol):
    """Has messages that wait for an SMSC."""

    def freed(self) -> None:
        """The SMSC may have room now."""


class Load:
    """What an SMSC has to do. Mutable and slotted: the hot path counts in it.

    :ivar capacity: the most messages that may be unanswered on all links together; 0 without a
        link, and while its limits let it have none.
    :ivar outstanding: requests that it has not answered: counted by `began` and `ended`, and
        nowhere else.
    :ivar overdue: those of them that were not answered in time, and that may be answered yet.
    :ivar taken: requests that it answered ESME_ROK; ``refused`` those it answered otherwise,
        ``timed_out`` and ``lost`` those without an answer, see `Outcome`.
    :ivar for_others: those of all these, by outcome, that were requests of other nodes: these
        count them too.
    :ivar latency: seconds from a request to its answer, smoothed over some ten answers.
    :ivar is_burdened: whether it may have a `burden`.
    :ivar bind_errors: answers to messages that say that it does not know the bind.
    :ivar errors: its errors of the last `ERROR_SECONDS`.
    :ivar waiters: who is told when it may have room; None while nobody waits for it.
    """

    __slots__ = (
        "_congestion",
        "_peaks",
        "_recent_errors",
        "bind_errors",
        "capacity",
        "errors",
        "for_others",
        "is_burdened",
        "latency",
        "lost",
        "outstanding",
        "overdue",
        "refused",
        "taken",
        "timed_out",
        "waiters",
    )

    _congestion: Congestion | None
    _peaks: Peaks | None

    def __init__(self) -> None:
        self.waiters: dict[Waiter, None] | None = None
        self.is_burdened = False
        self._congestion = self._peaks = None
        self.capacity = self.outstanding = self.overdue = self.errors = 0
        self.taken = self.refused = self.timed_out = self.lost = self.bind_errors = 0
        self.for_others: Counter[Outcome] = Counter()
        self.latency = 0.0
        self._recent_errors = Recent(ERROR_SECONDS)

    def began(self, count: int) -> None:
        """``count`` requests are sent to it."""
        self.outstanding += count

    def ended(self, count: int, outcome: Outcome, seconds: float, longest: float = 0.0) -> None:
        """``count`` requests have ended, ``seconds`` after they were sent: each, or on average.

        :param longest: seconds after which the last of several ended.

        Those that timed out stay outstanding until `released`: it may be at work on them.
        """
        if outcome is TIMED_OUT:
            self.timed_out += count
            self.overdue += count
            if self._peaks is not None:
                self._peaks.answered(seconds)
            return
        self.outstanding -= count
        if self.waiters is not None:
            self.tell()
        if outcome is LOST:
            self.lost += count
            return
        if outcome is TAKEN:
            self.taken += count
        else:
            self.refused += count
        step = LATENCY_STEP if count == 1 else 1.0 - (1.0 - LATENCY_STEP) ** count
        self.latency += (seconds - self.latency) * step
        if self._peaks is not None:
            self._peaks.answered(max(seconds, longest))

    def turned_back(self) -> None:
        """A request has ended that it was not asked: that counts as no answer and no loss."""
        self.outstanding -= 1
        if self.waiters is not None:
            self.tell()

    def released(self, count: int) -> None:
        """``count`` requests that timed out take no place in a window any more."""
        self.outstanding -= count
        self.overdue -= count
        if self.waiters is not None:
            self.tell()

    # What balancers weigh beside its unanswered requests

    def measure_peaks(self) -> None:
        """Have a `peak_latency` from now on."""
        if self._peaks is None:
            self._peaks = Peaks()

    def peak_latency(self, now: float) -> float:
        """Seconds from a request to its answer, see `Peaks`; 0 where that is not measured."""
        return self._peaks.at(now, self.outstanding) if self._peaks is not None else 0.0

    def told_congestion(self, state: int, now: float) -> None:
        """It has said how congested it is: 0 to 100."""
        self._congestion = Congestion(state, now)
        self.is_burdened = True

    def congestion(self, now: float) -> float:
        """How congested it says it is, 0 to 1; what it said long ago counts less and less."""
        return self._congestion.at(now) if self._congestion is not None else 0.0

    def utilization(self, now: float) -> float:
        """How much of what it can take it has, 0 to 1: of its windows, or as it says itself."""
        own = self.outstanding / self.capacity if self.capacity else 1.0
        return min(1.0, max(own, self.congestion(now)))

    def burden(self, now: float) -> float:
        """Its load beside its unanswered requests: as many more of them as this.

        To be asked while ``is_burdened``. So much of its windows counts as taken as it says of
        itself: others may send to it too. And its errors: one that fails fast has little to do.
        """
        congestion = self.congestion(now)
        if not congestion:
            self._congestion, self.is_burdened = None, bool(self.errors)
        return congestion * self.capacity + self.errors

    def erred(self) -> None:
        """It has answered with an error, or not in time, or lost a link with requests on it."""
        self._recent_errors.add()
        self.errors = self._recent_errors.total
        self.is_burdened = True

    def errors_age(self, seconds: int) -> None:
        """So many seconds are over."""
        if self.errors:
            for _ in range(seconds):
                self._recent_errors.step()
            self.errors = self._recent_errors.total

    # Who waits for it

    def await_room(self, waiter: Waiter) -> None:
        """Tell ``waiter`` from now on whenever there may be room for a request."""
        if self.waiters is None:
            self.waiters = {}
        self.waiters[waiter] = None

    def await_no_more(self, waiter: Waiter) -> None:
        """Tell ``waiter`` no more."""
        if self.waiters is not None:
            self.waiters.pop(waiter, None)
            # None again, not empty: that is what an answer costs while nobody waits.
            self.waiters = self.waiters or None

    def tell(self) -> None:
        """There may be room: tell those who wait."""
        for waiter in self.waiters or ():
            waiter.freed()
