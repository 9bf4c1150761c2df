"""`LeastOutstanding`: who has least to do gets the next message."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc


class LeastOutstanding:
    """Chooses the member with the fewest unanswered requests in proportion to its weight.

    An error counts as one more for a while: one that fails fast does not have least to do.

    Of members with equal load it chooses the one with the lowest turn. Each message adds its
    member's cost to that member's turn, so an idle pool too spreads its messages by weight.
    """

    def __init__(self) -> None:
        self._members: tuple[Member, ...] = ()
        # The highest turn at which a member was chosen. A member that took no messages for a while
        # goes on from here, and so does not get all those that it missed.
        self._highest = 0.0

    def arrange(self, members: tuple[Member, ...]) -> None:
        """Choose among these from now on."""
        self._members = members

    def choose(self, now: float, key: bytes | None, tried: Sequence[Smsc]) -> Smsc | None:
        """The least loaded SMSC with room that is not in ``tried``; None without such."""
        best: Member | None = None
        least = inf
        for member in self._members:
            smsc = member.smsc
            outstanding = smsc.outstanding
            if outstanding >= smsc.capacity or smsc in tried:
                continue
            load = outstanding * member.cost
            if smsc.is_burdened:
                load += smsc.burden(now) * member.cost
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
