"""Balancers: each looks at every member of its pool once for a choice, and never at links.

Pools are small, and an SMSC's load and capacity are two integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from smppgate.routing.smscs.pool import Balancer, Member
from smppgate.routing.smscs.smsc import Smsc


class LeastOutstanding:
    """Chooses the member with the fewest unanswered requests in proportion to its weight.

    Of members with equal load it chooses the one with the lowest turn. Each message adds its
    member's cost to that member's turn, so an idle pool too spreads its messages by weight.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)
        # The highest turn at which a member was chosen. A member that took no messages for a while
        # goes on from here, and so does not get all those that it missed.
        self._now = 0.0

    def choose(self, tried: Sequence[Smsc]) -> Smsc | None:
        """The least loaded SMSC with room that is not in ``tried``; None without such."""
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
    """Chooses by weight and in turn, spread evenly: 5:1:1 gives ``aabacaa``, not ``aaaaabc``.

    For each message, every member with room adds its weight to its turn. The member with the
    highest turn is chosen, and the sum of all weights added is taken off its turn.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)

    def choose(self, tried: Sequence[Smsc]) -> Smsc | None:
        """The SMSC with room and the highest turn that is not in ``tried``; None without such."""
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
"""Name in the settings → balancer."""
