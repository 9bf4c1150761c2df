"""`TokenBucket`: how many messages may be sent now, where there may be so many a second.

The bucket is filled with tokens at a steady rate until it holds ``burst`` of them, and a message
takes one. So in any second there are no more than rate + burst + 1 messages, and while messages
wait for tokens without a break, as many as the rate says. The one more is for who comes a little
late: what a bucket gets in the moment after it is full is not thrown away, or a timer that fires a
millisecond after its time would cost a bucket of one token a tenth of a hundred messages a second.

What was taken since the bucket was full last is counted in whole numbers, and what came in since
then is one multiplication: so no error adds up, however many messages there are.
"""

from __future__ import annotations

from attrs import frozen

COALESCED = 0.005
"""Seconds that a fast bucket is waited for, so that some tokens come together: a wake-up for each
single one would cost more than the messages do. The burst makes up for it."""

LATE = 0.02
"""Seconds after a bucket is full in which what comes in still counts, one token at the most."""

# A sum of fractions may be a little short of a whole token.
_NEARLY_ONE = 1.0 - 1e-6


@frozen
class Rate:
    """A limit.

    :param per_second: messages a second, more than 0; fractions are allowed.
    :param burst: messages that may be sent at once after a pause, 1 or more.
    """

    per_second: float
    burst: float


class TokenBucket:
    """Tokens that messages take. Mutable and slotted for the hot path.

    Times are seconds on a monotonic clock; one that is earlier than the last does no harm.

    :param now: when it begins.
    :param tokens: what is in it then; by default it is full.
    :ivar rate: by which it is filled.
    """

    __slots__ = ("_base", "_most", "_since", "_taken", "rate")

    def __init__(self, rate: Rate, now: float, tokens: float | None = None) -> None:
        self.rate = rate
        self._most = _most(rate)
        self._base = rate.burst if tokens is None else min(tokens, rate.burst)
        self._since = now
        self._taken = 0

    def __repr__(self) -> str:
        return f"<TokenBucket {self.rate.per_second:g}/s>"

    def tokens(self, now: float) -> float:
        """Those in it: less than 0 where a message has taken more than there were."""
        held = self._base + (now - self._since) * self.rate.per_second - self._taken
        return held if held <= self._most else self.rate.burst

    def has_token(self, now: float) -> bool:
        """Whether a message may be sent."""
        return self.tokens(now) > _NEARLY_ONE

    def take_if_any(self, now: float, count: int) -> bool:
        """`take`, if there is a token; gives whether there was."""
        rate = self.rate
        held = self._base + (now - self._since) * rate.per_second - self._taken
        if held <= _NEARLY_ONE:
            return False
        if held > self._most:
            self._base, self._since, self._taken = rate.burst, now, 0
        self._taken += count
        return True

    def take(self, now: float, count: int = 1) -> bool:
        """A message is sent that takes ``count`` tokens, whether they are here or not.

        Gives whether there is one left.
        """
        rate = self.rate
        held = self._base + (now - self._since) * rate.per_second - self._taken
        if held > self._most:
            held = self._base = rate.burst
            self._since, self._taken = now, 0
        self._taken += count
        return held - count > _NEARLY_ONE

    def give_back(self, count: int) -> None:
        """A message that took ``count`` tokens a moment ago is not sent after all."""
        self._taken -= count

    def due(self, now: float) -> float:
        """When it is worth looking again: a token is there, or those of a few milliseconds."""
        rate = self.rate
        wanted = max(1.0, min(rate.burst / 2, rate.per_second * COALESCED))
        return now + max(0.0, wanted - self.tokens(now)) / rate.per_second

    def change(self, rate: Rate, now: float) -> None:
        """Go by ``rate`` from now on, as full in proportion as before; what is owed is owed."""
        held = min(self.tokens(now), self.rate.burst)
        self._base = held * rate.burst / self.rate.burst if held > 0 else held
        self._since, self._taken = now, 0
        self.rate, self._most = rate, _most(rate)


def _most(rate: Rate) -> float:
    """Tokens that a bucket may hold for a moment."""
    return rate.burst + min(1.0, rate.per_second * LATE)


def by_rate(bucket: TokenBucket | None, rate: Rate | None, now: float) -> TokenBucket | None:
    """``bucket`` as ``rate`` wants it: a new one, the same one changed, or none."""
    if rate is None:
        return None
    if bucket is None:
        return TokenBucket(rate, now)
    # The same object as long as no reload has changed it.
    if bucket.rate is not rate:
        bucket.change(rate, now)
    return bucket
