"""`PeakEwma`: who answers soonest gets the next message.

As in Finagle, Linkerd and Envoy: the latency of a member, which a slow answer raises at once and
quick ones lower bit by bit, is taken for what each of its unanswered requests will last.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from smppgate.routing.smscs.balancers.balancer import Balancer
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc

LEAST_LATENCY = 0.001
"""Seconds below which latencies make no difference: they are the gate's own turns."""


class PeakEwma(Balancer):
    """Chooses the member with the least latency x (unanswered requests + 1).

    A request of a member counts the more, the less its weight is than the highest. Of members with
    equal loads it chooses the one with the lowest turn, see `LeastOutstanding`.
    """

    def __init__(self) -> None:
        self._members: tuple[Member, ...] = ()
        self._highest = 0.0
        self._heaviest = 1.0

    def arrange(self, members: tuple[Member, ...]) -> None:
        """Choose among these from now on; their latencies are measured from now on."""
        self._members = members
        self._heaviest = max((member.weight for member in members), default=1.0)
        for member in members:
            member.smsc.measure_peaks()

    def choose(self, now: float, key: bytes | None, tried: Sequence[Smsc]) -> Smsc | None:
        """The SMSC with room that is likely to answer first, not in ``tried``; None without."""
        best: Member | None = None
        least, heaviest = inf, self._heaviest
        for member in self._members:
            smsc = member.smsc
            outstanding = smsc.outstanding
            # Asked in any case: it takes note of the time.
            latency = smsc.peak_latency(now)
            if outstanding >= smsc.capacity or smsc in tried:
                continue
            load: float = outstanding
            if smsc.is_burdened:
                load += smsc.burden(now)
            load = load * member.cost * heaviest + 1.0
            load *= latency if latency > LEAST_LATENCY else LEAST_LATENCY
            if load < least:
                best, least = member, load
            elif best is not None and load == least and member.turn < best.turn:
                best = member
        if best is None:
            return None
        highest = self._highest
        if best.turn > highest:
            self._highest = highest = best.turn
        best.turn = highest + best.cost
        return best.smsc
