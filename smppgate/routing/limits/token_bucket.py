"""`TokenBucket`: how many messages may be sent now, where there may be so many a second.

The bucket is filled with tokens at a steady rate until it holds ``burst`` of them, and a message
takes one. So in any second there are no more than rate + burst + 1 messages, and while messages
wait for tokens without a break, as many as the rate says. The one more is for who comes a little
late: what a bucket gets in the moment after it is full is not thrown away, or a timer that fires a
millisecond after its time would cost a bucket of one token a tenth of a hundred messages a second.

What was taken since the bucket was full last is counted in whole numbers, and what came in since
then is one multiplication: so no error adds up, however many messages there are.

Where several processes have one limit, each has a bucket that gets a part of the rate, and holds
that part of the burst: together no more than the whole, but for one token each. A part that grows
brings no tokens with it, and one that shrinks takes those along for which there is no room.
"""

from __future__ import annotations

from attrs import frozen

COALESCED = 0.005
"""Seconds that a fast bucket is waited for, so that some tokens come together: a wake-up for each
single one would cost more than the messages do. The burst makes up for it."""

LATE = 0.02
"""Seconds after a bucket is full in which what comes in still counts, one token at the most."""

LOOKED_AGAIN = 0.1
"""Seconds after which a bucket with a part of a limit is looked at again: it may have grown."""

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
    :param part: the part of the limit that it has, more than 0; 1 where no other process has any.
    :ivar rate: the whole limit.
    :ivar was_short: whether a token was wanted in vain; who looks at it sets it back.
    """

    __slots__ = (
        "_base",
        "_burst",
        "_most",
        "_part",
        "_per_second",
        "_since",
        "_taken",
        "_taken_before",
        "rate",
        "was_short",
    )

    def __init__(
        self, rate: Rate, now: float, tokens: float | None = None, part: float = 1.0
    ) -> None:
        self._follow(rate, part)
        self._base = self._burst if tokens is None else min(tokens, self._burst)
        self._since = now
        self._taken = self._taken_before = 0
        self.was_short = False

    def __repr__(self) -> str:
        return f"<TokenBucket {self._per_second:g}/s>"

    def _follow(self, rate: Rate, part: float) -> None:
        self.rate, self._part = rate, part
        self._per_second = rate.per_second * part
        self._burst = max(1.0, rate.burst * part)
        # What it may hold for a moment.
        self._most = self._burst + min(1.0, self._per_second * LATE)

    @property
    def all_taken(self) -> int:
        """Tokens that messages have taken since it was made."""
        return self._taken_before + self._taken

    def tokens(self, now: float) -> float:
        """Those in it: less than 0 where a message has taken more than there were."""
        held = self._base + (now - self._since) * self._per_second - self._taken
        return held if held <= self._most else self._burst

    def has_token(self, now: float) -> bool:
        """Whether a message may be sent."""
        return self.tokens(now) > _NEARLY_ONE

    def take_if_any(self, now: float, count: int) -> bool:
        """`take`, if there is a token; gives whether there was."""
        held = self._base + (now - self._since) * self._per_second - self._taken
        if held <= _NEARLY_ONE:
            self.was_short = True
            return False
        if held > self._most:
            self._taken_before += self._taken
            self._base, self._since, self._taken = self._burst, now, 0
        self._taken += count
        return True

    def take(self, now: float, count: int = 1) -> bool:
        """A message is sent that takes ``count`` tokens, whether they are here or not.

        Gives whether there is one left.
        """
        held = self._base + (now - self._since) * self._per_second - self._taken
        if held > self._most:
            held = self._base = self._burst
            self._taken_before += self._taken
            self._since, self._taken = now, 0
        self._taken += count
        return held - count > _NEARLY_ONE

    def give_back(self, count: int) -> None:
        """A message that took ``count`` tokens a moment ago is not sent after all."""
        self._taken -= count

    def due(self, now: float) -> float:
        """When it is worth looking again: a token is there, or those of a few milliseconds."""
        self.was_short = True
        wanted = max(1.0, min(self._burst / 2, self._per_second * COALESCED))
        wait = max(0.0, wanted - self.tokens(now)) / self._per_second
        return now + (wait if self._part == 1.0 else min(wait, LOOKED_AGAIN))

    def change(self, rate: Rate, now: float) -> None:
        """Go by ``rate`` from now on, as full in proportion as before; what is owed is owed."""
        burst, held = self._burst, min(self.tokens(now), self._burst)
        self._follow(rate, self._part)
        self._begin(held * self._burst / burst if held > 0 else held, now)

    def apportion(self, part: float, now: float) -> None:
        """Have another part of the limit from now on."""
        held = self.tokens(now)
        self._follow(self.rate, part)
        self._begin(min(held, self._burst), now)

    def _begin(self, held: float, now: float) -> None:
        """Hold so many tokens now."""
        self._base, self._since = held, now
        self._taken_before += self._taken
        self._taken = 0


def by_rate(
    bucket: TokenBucket | None, rate: Rate | None, now: float, part: float = 1.0
) -> TokenBucket | None:
    """``bucket`` as ``rate`` wants it: a new one with a ``part`` of it, the same one changed, or
    none."""
    if rate is None:
        return None
    if bucket is None:
        return TokenBucket(rate, now, part=part)
    # The same object as long as no reload has changed it.
    if bucket.rate is not rate:
        bucket.change(rate, now)
    return bucket
