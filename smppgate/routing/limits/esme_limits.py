"""What an account, and each session of its, may submit a second."""

from __future__ import annotations

from attrs import frozen

from smppgate.routing.limits.token_bucket import Rate, TokenBucket, by_rate


@frozen
class EsmeRates:
    """The limits of an account.

    :param account: for all its sessions together; None for no limit.
    :param session: for each of them; None for no limit.
    :param rejects: whether what is over them is refused; else it waits.
    """

    account: Rate | None
    session: Rate | None
    rejects: bool


class AccountLimit:
    """The bucket that the sessions of one account share. Mutable.

    :ivar bucket: None while no message needed one.
    :ivar part: the part of the limit that this process has, see `TokenBucket`.
    """

    __slots__ = ("bucket", "part")

    def __init__(self) -> None:
        self.bucket: TokenBucket | None = None
        self.part = 1.0

    def apportion(self, part: float, now: float) -> None:
        """Have another part of the limit from now on."""
        self.part = part
        if self.bucket is not None:
            self.bucket.apportion(part, now)


class SessionLimit:
    """What one session may submit. Mutable.

    :param account: that of its account.
    :ivar bucket: its own; None while no message needed one.
    :ivar waiting: its messages that wait for tokens: others go behind them.
    """

    __slots__ = ("account", "bucket", "waiting")

    def __init__(self, account: AccountLimit) -> None:
        self.account = account
        self.bucket: TokenBucket | None = None
        self.waiting = 0

    def follow(self, rates: EsmeRates, now: float) -> None:
        """Go by ``rates``."""
        account = self.account
        account.bucket = by_rate(account.bucket, rates.account, now, account.part)
        self.bucket = by_rate(self.bucket, rates.session, now)

    def admits(self, rates: EsmeRates, now: float, count: int) -> bool:
        """Take ``count`` tokens for a message, if there is one and nothing waits before it."""
        bucket, own = self.account.bucket, self.bucket
        if (bucket.rate if bucket is not None else None) is not rates.account or (
            own.rate if own is not None else None
        ) is not rates.session:
            self.follow(rates, now)
            bucket, own = self.account.bucket, self.bucket
        if self.waiting or (bucket is not None and not bucket.take_if_any(now, count)):
            return False
        if own is None or own.take_if_any(now, count):
            return True
        if bucket is not None:
            bucket.give_back(count)
        return False

    def admits_all(self, rates: EsmeRates, now: float, count: int) -> bool:
        """Take a token for each of ``count`` messages, if there are so many; else take none."""
        self.follow(rates, now)
        buckets = [each for each in (self.account.bucket, self.bucket) if each is not None]
        if self.waiting or any(bucket.tokens(now) < count for bucket in buckets):
            return False
        self.take(now, count)
        return True

    def is_exceeded(self, now: float) -> bool:
        """Whether a message has to wait for a token, of the session or of its account."""
        return not (_has_token(self.account.bucket, now) and _has_token(self.bucket, now))

    def limited_by(self, now: float) -> str:
        """The setting by which a message has to wait; empty if none has to."""
        if not _has_token(self.bucket, now):
            return "session_rate"
        return "" if _has_token(self.account.bucket, now) else "rate"

    def take(self, now: float, count: int) -> None:
        """A message is sent that takes ``count`` tokens."""
        for bucket in (self.account.bucket, self.bucket):
            if bucket is not None:
                bucket.take(now, count)


def _has_token(bucket: TokenBucket | None, now: float) -> bool:
    return bucket is None or bucket.has_token(now)
