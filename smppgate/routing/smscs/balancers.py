"""Ways to choose a member of a pool. Each looks once at every member: pools are small, and links
are not looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from smppgate.routing.smscs.pool import Balancer, Member
from smppgate.routing.smscs.smsc import Smsc


class LeastOutstanding:
    """The member with the fewest unanswered requests for its weight.

    Among equals the member whose turn it is: a message moves its member's turn on by the member's
    cost, so that an idle pool spreads its messages by weight too.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)
        # The turn of the member that was chosen last. A member that could take nothing for a
        # while starts from here: it is not owed what it could not take.
        self._now = 0.0

    def choose(self, tried: Sequence[Smsc] = ()) -> Smsc | None:
        """The least loaded SMSC with room; None when there is none."""
        best: Member | None = None
        least = inf
        for member in self.members:
            smsc = member.smsc
            outstanding = smsc.outstanding
            if outstanding >= smsc.capacity or smsc in tried:
                continue
            load = outstanding * member.cost
            if load < least:
                best, least = member, load
            elif best is not None and load == least and member.turn < best.turn:
                best = member
        if best is None:
            return None
        now = self._now
        if best.turn > now:
            self._now = now = best.turn
        best.turn = now + best.cost
        return best.smsc


class RoundRobin:
    """By weight and in turn, spread evenly: 5:1:1 gives ``aabacaa``, not ``aaaaabc``.

    Every member that can take a message gains its weight; the member that has gained most is
    chosen and pays what all gained together.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)

    def choose(self, tried: Sequence[Smsc] = ()) -> Smsc | None:
        """The SMSC whose turn it is; None when none has room."""
        best: Member | None = None
        total = 0
        for member in self.members:
            smsc = member.smsc
            if smsc.outstanding >= smsc.capacity or smsc in tried:
                continue
            total += member.weight
            member.turn += member.weight
            if best is None or member.turn > best.turn:
                best = member
        if best is None:
            return None
        best.turn -= total
        return best.smsc


BALANCERS: dict[str, Callable[[Sequence[Member]], Balancer]] = {
    "least_outstanding": LeastOutstanding,
    "round_robin": RoundRobin,
}
"""By the name that the configuration uses."""
