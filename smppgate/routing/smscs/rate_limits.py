"""`RateLimits`: how many messages one SMSC is sent a second, on all its links and on each.

An SMSC that may be sent nothing now is *paused*: its capacity is 0 for whoever looks for one, and
as soon as a token is there, those that wait for it are told. So a limit costs the choice of an
SMSC nothing. Requests about messages take no tokens, and are sent while it is paused too.

Buckets begin with one token: what the SMSC was sent before, on other links or by a gate that has
ended, is not known.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from math import inf
from typing import Any, Protocol

from attrs import frozen

from smppgate.routing.limits.adaptive_rate import AdaptiveRate
from smppgate.routing.limits.refills import Refill, Refills
from smppgate.routing.limits.token_bucket import Rate, TokenBucket

SMSC_BURST = 0.1
"""Seconds whose messages an SMSC may be sent at once, by default; one at least."""

RATED = 1.0
"""Seconds after which a limit that adapts is looked at again."""


@frozen
class SmscRates:
    """The limits of an SMSC.

    :param overall: over all its sessions; None for no limit.
    :param link: for each of them; None for no limit.
    :param adapts: whether it is sent less than that where it throttles.
    """

    overall: Rate | None
    link: Rate | None
    adapts: bool = False

    @property
    def most(self) -> float:
        """Messages a second over all its sessions; infinite for any number."""
        return self.overall.per_second if self.overall is not None else inf

    def slowed(self, per_second: float) -> Rate | None:
        """The overall limit where it is sent no more than ``per_second``."""
        overall = self.overall
        if per_second >= self.most:
            return overall
        burst = overall.burst / overall.per_second if overall is not None else SMSC_BURST
        return Rate(per_second, max(1.0, per_second * burst))


class Limited(Protocol):
    """What is limited: an SMSC, as all sessions know it or one alone."""

    links: list[Any]
    """Those that take new messages."""

    def flow_changed(self) -> None:
        """It may be sent messages again, or no more."""


class OverallLimit:
    """The limit over all sessions of one SMSC, also those that serve one ESME alone.

    :param owner: the SMSC as all sessions know it.
    :ivar adaptive: slows it where it throttles; None where nothing does. Each process finds out by
        itself how much of its own an SMSC takes.
    :ivar is_dry: whether no token is left.
    :ivar part: the part of the limit that this process has, see `TokenBucket`.
    """

    def __init__(self, owner: Limited, rates: SmscRates, refills: Refills, now: float) -> None:
        self.refills = refills
        self.rates = rates
        self.bucket: TokenBucket | None = None
        self.adaptive: AdaptiveRate | None = None
        self.is_dry = False
        self.part = 1.0
        self._rated_at = now
        self._owner = owner
        self._refill: Refill | None = None
        # Those that have found it dry.
        self._waiting: dict[Limited, None] = {}
        self.change(rates, now)

    def change(self, rates: SmscRates, now: float) -> None:
        """Go by ``rates`` from now on."""
        self.rates = rates
        if not rates.adapts:
            self.adaptive = None
        elif self.adaptive is None:
            self.adaptive = AdaptiveRate()
        self._rate(now)
        self._cancel()
        self._refilled(now)

    def apportion(self, part: float, now: float) -> None:
        """Have another part of the limit from now on; who waits for tokens looks again soon."""
        if self.adaptive is not None and self.rates.overall is not None:
            # What the SMSC takes of all processes is what it was.
            self.adaptive.scale(part / self.part)
        self.part = part
        self._rate(now)
        if self.bucket is not None:
            self.bucket.apportion(part, now)

    def end(self) -> None:
        """Limit nothing any more."""
        self._cancel()
        self._flow()

    def take(self, count: int, now: float) -> None:
        """A message is sent that takes ``count`` tokens."""
        if self.adaptive is not None:
            self.adaptive.meter.add(count, now)
            if now - self._rated_at >= RATED:
                self._rate(now)
        bucket = self.bucket
        if bucket is not None and not bucket.take(now, count):
            self._look(bucket, now)

    def allows(self, count: int, now: float) -> bool:
        """Whether there are tokens for more than ``count`` messages."""
        self._rate_again(now)
        return self.bucket is None or self.bucket.tokens(now) > count

    def throttled(self, now: float) -> bool:
        """The SMSC has throttled a message; gives whether it is slowed by that."""
        if self.adaptive is None:
            return False
        if self.adaptive.throttled(self._most, now):
            self._rate(now)
            if self.bucket is not None:
                self._look(self.bucket, now)
        return True

    def slowed_to(self, now: float) -> float:
        """Messages a second that it is sent because it throttles more; 0 while it does not."""
        if self.adaptive is None:
            return 0.0
        limit = self.adaptive.limit(self._most, now)
        return limit if limit < self._most else 0.0

    @property
    def limited_by(self) -> str:
        """The setting by which it may be sent nothing now; empty if it may."""
        if not self.is_dry or self.bucket is None:
            return ""
        return "rate" if self.bucket.rate is self.rates.overall else "adaptive_rate"

    @property
    def is_shared(self) -> bool:
        """Whether other processes have parts of it too."""
        return self.part < 1.0

    @property
    def _most(self) -> float:
        """Messages a second that this process may send."""
        return self.rates.most * self.part

    def _rate_again(self, now: float) -> None:
        """Look at what has adapted, now and then."""
        if now - self._rated_at >= RATED:
            self._rate(now)

    def _rate(self, now: float) -> None:
        """Fill the bucket at the rate that holds now."""
        self._rated_at = now
        rate = self.rates.overall
        if self.adaptive is not None:
            most, limit = self._most, self.adaptive.limit(self._most, now)
            # As it is the part of a whole.
            rate = self.rates.slowed(limit / self.part) if limit < most else rate
        if self.bucket is None or self.bucket.rate is not rate:
            self.bucket = _changed(self.bucket, rate, now, self.part)

    def _look(self, bucket: TokenBucket, now: float) -> None:
        """Pause where no token is left."""
        if not self.is_dry and not bucket.has_token(now):
            self.is_dry = True
            self._await(bucket, now)
            self._owner.flow_changed()

    def tell(self, smsc: Limited) -> None:
        """``smsc`` has found it dry, and is told when it is not any more."""
        self._waiting[smsc] = None

    def forget(self, smsc: Limited) -> None:
        """``smsc`` is not to be told any more."""
        self._waiting.pop(smsc, None)

    def _await(self, bucket: TokenBucket, now: float) -> None:
        self._refill = self.refills.await_tokens(bucket.due(now), self._refilled)

    def _refilled(self, now: float) -> None:
        self._refill = None
        self._rate_again(now)
        if self.bucket is None or self.bucket.has_token(now):
            self._flow()
        else:
            self.is_dry = True
            self._await(self.bucket, now)

    def _flow(self) -> None:
        self.is_dry = False
        waiting, self._waiting = self._waiting, {}
        for smsc in waiting:
            smsc.flow_changed()

    def _cancel(self) -> None:
        if self._refill is not None:
            self.refills.cancel(self._refill)
            self._refill = None


class RateLimits:
    """The limits of one `Limited`: the overall one, and those of its links.

    :param smsc: which is limited.
    :ivar overall: that of all sessions of the SMSC.
    :ivar dry: its links that have no token left.
    """

    def __init__(self, smsc: Limited, overall: OverallLimit) -> None:
        self.overall = overall
        self.dry: dict[Any, Refill] = {}
        self._smsc = smsc
        self._buckets: dict[Any, TokenBucket] = {}

    def is_paused(self) -> bool:
        """Whether it may be sent nothing now; its `flow_changed` is called when it may."""
        if self.overall.is_dry:
            self.overall.tell(self._smsc)
            return True
        return self.are_links_dry

    @property
    def are_links_dry(self) -> bool:
        """Whether nothing may be sent now whatever the overall limit is."""
        links = self._smsc.links
        return 0 < len(links) <= len(self.dry) and all(link in self.dry for link in links)

    @property
    def limited_by(self) -> str:
        """The setting by which it may be sent nothing now; empty if it may."""
        if self.overall.is_dry:
            return self.overall.limited_by
        return "link_rate" if self.are_links_dry else ""

    def throttled(self, now: float) -> bool:
        """The SMSC has throttled a message; gives whether it is slowed by that."""
        return self.overall.throttled(now)

    def sent(self, link: Any, count: int, now: float) -> bool:
        """A message that takes ``count`` tokens is sent on ``link``; gives whether that was the
        last for now."""
        self.overall.take(count, now)
        return self._sent_on(link, count, now)

    def passed(self, link: Any, count: int, now: float) -> None:
        """A message of ``count`` tokens that another process has passed on is sent on ``link``.

        Where all processes have one overall limit together, that process has taken its tokens.
        """
        if not self.overall.is_shared:
            self.overall.take(count, now)
        self._sent_on(link, count, now)

    def allow(self, count: int, now: float) -> bool:
        """Whether ``count`` messages, on whichever of the links, leave tokens in all buckets."""
        overall = self.overall
        if not overall.allows(count, now):
            return False
        return overall.rates.link is None or all(
            (self.tokens(link, now) or 0.0) > count for link in self._smsc.links
        )

    def dry_after(self, taken: Mapping[Any, int], now: float) -> Container[Any]:
        """The links that have no token left once so many messages were sent on each."""
        links, bucket = self._smsc.links, self.overall.bucket
        own = {link: taken[link] for link in links if link in taken}
        if bucket is not None and bucket.tokens(now) - sum(own.values()) < 1:
            return links
        if self.overall.rates.link is None:
            return self.dry
        left = {
            link: self._buckets[link].tokens(now) if link in self._buckets else 1.0 for link in own
        }
        return [*self.dry, *(link for link, count in own.items() if left[link] - count < 1)]

    def tokens(self, link: Any, now: float) -> float | None:
        """Those of a link; None where it has had no message, or has no limit."""
        bucket = self._buckets.get(link)
        return bucket.tokens(now) if bucket is not None else None

    def change(self, now: float) -> None:
        """Let links go by the rates of `overall`."""
        rate = self.overall.rates.link
        for link in list(self.dry):
            self._flow(link)
        for link in list(self._buckets):
            bucket = _changed(self._buckets.pop(link), rate, now)
            if bucket is not None:
                self._buckets[link] = bucket
                self._look(link, bucket, now)

    def keep(self, links: Iterable[Any]) -> None:
        """Forget all links but these: the others have ended."""
        kept = dict.fromkeys(links)
        for link in [each for each in self._buckets if each not in kept]:
            del self._buckets[link]
            self._flow(link)

    def end(self) -> None:
        """Its SMSC is no more, or has no limit any more."""
        self.keep(())
        self.overall.forget(self._smsc)

    def _sent_on(self, link: Any, count: int, now: float) -> bool:
        """Take the tokens of ``link``; gives whether the SMSC is paused by now."""
        rate = self.overall.rates.link
        if rate is not None:
            bucket = self._buckets.get(link)
            if bucket is None:
                bucket = self._buckets[link] = TokenBucket(rate, now, 1.0)
            if not bucket.take(now, count):
                self._look(link, bucket, now)
        if not (self.overall.is_dry or self.dry) or not self.is_paused():
            return False
        self._smsc.flow_changed()
        return True

    def _look(self, link: Any, bucket: TokenBucket, now: float) -> None:
        """Wait for tokens of ``link`` if it has none."""
        if link not in self.dry and not bucket.has_token(now):
            self._await(link, bucket, now)

    def _await(self, link: Any, bucket: TokenBucket, now: float) -> None:
        self.dry[link] = self.overall.refills.await_tokens(
            bucket.due(now), lambda then: self._refilled(link, bucket, then)
        )

    def _refilled(self, link: Any, bucket: TokenBucket, now: float) -> None:
        if bucket.has_token(now):
            self._flow(link)
            self._smsc.flow_changed()
        else:
            self._await(link, bucket, now)

    def _flow(self, link: Any) -> None:
        refill = self.dry.pop(link, None)
        if refill is not None:
            self.overall.refills.cancel(refill)


def _changed(
    bucket: TokenBucket | None, rate: Rate | None, now: float, part: float = 1.0
) -> TokenBucket | None:
    """``bucket`` as ``rate`` wants it: a new one with one token, the same one, or none."""
    if rate is None:
        return None
    if bucket is None:
        return TokenBucket(rate, now, 1.0, part)
    bucket.change(rate, now)
    return bucket
