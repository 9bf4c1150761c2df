"""`Unbinding`: the time from an unbind to the end of its session, without a clock.

An unbind ends the flow of new requests, not that of answers. The session ends when no request of
either end is open, and an unbind of this end is answered as well; or when its time is over.
"""

from __future__ import annotations

from attrs import define

from smppgate.txsmpp.timers import Timers


@define
class Unbinding:
    """An unbind under way. Mutable.

    :param until: the session ends then, whatever is open; seconds on the session's clock.
    :param answer_by: until then an unbind_resp to this end's unbind is waited for.
    :param is_answered: whether no unbind_resp of the peer is waited for.
    """

    until: float
    answer_by: float
    is_answered: bool

    @classmethod
    def begun(cls, now: float, timers: Timers, is_answered: bool) -> Unbinding:
        """An unbind that was sent, or received, at ``now``."""
        answer_by = now + timers.unbind
        return cls(max(now + timers.unbinding, answer_by), answer_by, is_answered)

    def is_over(self, now: float, has_open: bool) -> bool:
        """Whether the session ends now.

        :param has_open: whether a request of either end awaits its answer.
        """
        if now >= self.until:
            return True
        return not has_open and (self.is_answered or now >= self.answer_by)

    def next(self, now: float) -> float:
        """When `is_over` may change by the passing of time."""
        return self.until if self.is_answered or now >= self.answer_by else self.answer_by
