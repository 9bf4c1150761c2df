"""`Wish`: which part of a limit this process could use, found out by what it takes.

It is a little more than what is taken, so that there is room to grow, and several times that where
tokens were wanted in vain. It falls off slowly, so that a short pause costs no part.
"""

from __future__ import annotations

from typing import Protocol

from smppgate.routing.limits.token_bucket import TokenBucket

SPARE, STARVED = 1.25, 4.0
"""How many times what it takes a process wishes for: with enough tokens, and with too few."""

FADING = 0.5
"""What is left of a demand from one look to the next when nothing is taken."""

FEWER, MORE = 0.75, 1.25
"""How many times what it was a wish has to be to be told again."""

TRIFLE = 0.001
"""Parts below are as good as none."""


class Divided(Protocol):
    """A limit of which several processes have parts."""

    bucket: TokenBucket | None
    """None while no message needed one."""

    def apportion(self, part: float, now: float) -> None:
        """Have another part of the limit from now on, more than 0 and no more than 1."""


class Wish:
    """What this process could use of one limit. Mutable.

    :param limit: of which it has a part.
    :ivar part: what it wishes for, 0 to 1.
    """

    def __init__(self, limit: Divided, now: float) -> None:
        self.limit = limit
        self.part = 0.0
        self._demand = 0.0
        self._looked_at = now
        self._taken = limit.bucket.all_taken if limit.bucket is not None else 0

    def has_changed(self, now: float) -> bool:
        """Look what was taken since the last time; gives whether the wish is another one."""
        part = self._part(now)
        if self.part * FEWER <= part <= self.part * MORE:
            return False
        self.part = part
        return True

    def _part(self, now: float) -> float:
        bucket, seconds = self.limit.bucket, now - self._looked_at
        self._looked_at = now
        if bucket is None or seconds <= 0.0:
            return self._demand
        all_taken = bucket.all_taken
        if all_taken == self._taken and not (self._demand or bucket.was_short):
            # Most are idle.
            return 0.0
        taken, self._taken = max(0, all_taken - self._taken), all_taken
        whole = bucket.rate.per_second * seconds
        self._demand = max(taken / whole, self._demand * FADING)
        if self._demand < TRIFLE and not bucket.was_short:
            self._demand = 0.0
        wanted = self._demand * (STARVED if bucket.was_short else SPARE)
        bucket.was_short = False
        # One token at least, for the next message: its part may not bring it for a long time.
        return min(1.0, wanted if bucket.has_token(now) else max(wanted, 1.0 / whole))
