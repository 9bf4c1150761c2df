"""When a session that was lost, refused or not reached is tried again."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

LONG = 3600.0
"""Seconds without trouble after which a session that had to be bound anew is like any other."""


@define
class Backoff:
    """The pause before the next try to connect: anything up to a limit that doubles with failures.

    Full jitter: of sessions that are lost at one moment each is as likely to come back at any time
    up to the limit, the first time too, so that hundreds of them are spread evenly over it.

    It counts failures itself, because to `ClientService` a connection is a success, even if the
    bind on it is refused.

    :param shortest: seconds of the limit after the first failure.
    :param longest: seconds of the limit at the most, and after every refused bind: trying more
        often would not change the peer's settings.
    :param jitter: gives a number from 0 to 1 for each pause, all equally likely.
    """

    shortest: float
    longest: float
    jitter: Callable[[], float]
    _failures: int = field(default=0, init=False)
    _refused: bool = field(default=False, init=False)
    _limit: float = field(default=0.0, init=False)
    _bound_at: float | None = field(default=None, init=False)
    _cured: bool = field(default=False, init=False)

    def cured(self) -> None:
        """The session is about to be unbound, to be bound anew. See `lost`."""
        self._cured = True

    def bound(self, now: float) -> None:
        """The session is up."""
        self._bound_at = now

    def refused(self) -> None:
        """The peer refused the bind."""
        self._refused = True

    def lost(self, now: float) -> None:
        """It is lost. If it was up longer than the limit before it, failures count anew.

        One that was unbound to be bound anew must have been up for `LONG`: a cure that does not
        help is tried after longer and longer pauses.
        """
        least = LONG if self._cured else self._limit
        if self._bound_at is not None and now - self._bound_at >= least:
            self._failures = 0
        self._bound_at, self._cured = None, False

    def __call__(self, _attempts: int) -> float:
        """Seconds of the pause now."""
        # Bounded, or after some weeks of failures the power overflows.
        self._limit = min(self.longest, self.shortest * 2.0 ** min(self._failures, 32))
        self._failures += 1
        if self._refused:
            self._limit, self._refused = self.longest, False
        return round(self._limit * self.jitter(), 3)
