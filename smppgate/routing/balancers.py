"""Ways to choose a member. All look once at every member: pools are small, their links are not
looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from smppgate.routing.pools import Balancer, Member


class _Seat:
    """A member of one pool, and its turn there. Mutable and slotted for the hot path."""

    __slots__ = ("member", "turn")

    def __init__(self, member: Member) -> None:
        self.member = member
        self.turn = 0.0


class LeastOutstanding:
    """The member with the fewest unanswered requests for its weight.

    Among equals the one whose turn it is: taking a message moves a member's turn on by its share,
    so that an idle pool spreads its messages by weight too.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)
        self._seats = tuple(_Seat(member) for member in members)
        # The turn of whoever went last. A member that was away starts from here: it is not owed
        # what it could not take.
        self._now = 0.0

    def choose(self, tried: Sequence[Member] = ()) -> Member | None:
        """The least loaded member with room; None when there is none."""
        best: _Seat | None = None
        least = inf
        for seat in self._seats:
            member = seat.member
            outstanding = member.outstanding
            if outstanding >= member.capacity or member in tried:
                continue
            load = outstanding * member.share
            if load < least:
                best, least = seat, load
            elif best is not None and load == least and seat.turn < best.turn:
                best = seat
        if best is None:
            return None
        now = self._now
        if best.turn > now:
            self._now = now = best.turn
        best.turn = now + best.member.share
        return best.member


class RoundRobin:
    """By weight and in turn, spread evenly: 5:1:1 gives ``aabacaa``, not ``aaaaabc``.

    Every member that can take a message gains its weight; the one that has gained most is
    chosen and pays what all gained together.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)
        self._gained = dict.fromkeys(self.members, 0)

    def choose(self, tried: Sequence[Member] = ()) -> Member | None:
        """The member whose turn it is; None when none has room."""
        gained = self._gained
        best: Member | None = None
        total = 0
        for member in self.members:
            if member.outstanding >= member.capacity or member in tried:
                continue
            total += member.weight
            gained[member] += member.weight
            if best is None or gained[member] > gained[best]:
                best = member
        if best is not None:
            gained[best] -= total
        return best


BALANCERS: dict[str, Callable[[Sequence[Member]], Balancer]] = {
    "least_outstanding": LeastOutstanding,
    "round_robin": RoundRobin,
}
"""By the name that the configuration uses."""
