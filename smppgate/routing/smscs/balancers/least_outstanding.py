"""`LeastOutstanding`: who has least to do gets the next message."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from smppgate.routing.smscs.balancers.balancer import Balancer
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc

FEW = 32
"""One in so many of the requests that an SMSC can have at all are few for it."""


class LeastOutstanding(Balancer):
    """Chooses the member with the fewest unanswered requests in proportion to its weight.

    An error counts as one more for a while: one that fails fast does not have least to do.

    Of members with equal load it chooses the one with the lowest turn. Each message adds its
    member's cost to that member's turn, so an idle pool too spreads its messages by weight.
    """

    def __init__(self) -> None:
        self._members: tuple[Member, ...] = ()
        self._seats: dict[Smsc, Member] = {}
        # Times its weight: half of a member's part.
        self._half = 0.0
        # The highest turn at which a member was chosen. A member that took no messages for a while
        # goes on from here, and so does not get all those that it missed.
        self._highest = 0.0

    def arrange(self, members: tuple[Member, ...]) -> None:
        """Choose among these from now on."""
        self._members = members
        self._seats = {member.smsc: member for member in members}
        weight = sum(member.weight for member in members)
        self._half = 0.5 / weight if weight else 0.0

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

    def share_out(self, count: int, now: float) -> dict[Smsc, int]:
        """See `Balancer.share_out`: the least loaded gets several at a time, while there are many.

        These are half of its part of what is left, or a sixteenth of what it has already if that
        is more: a difference that makes none. So it gets all of few, one in `FEW` of what it can
        have at all: what stays together is read and answered together.
        """
        given: dict[Smsc, int] = {}
        run = count
        while count and (smsc := self.choose(now, None, ())) is not None:
            member, outstanding = self._seats[smsc], smsc.outstanding
            room = smsc.capacity - outstanding
            if run * FEW <= smsc.capacity:
                size = min(count, room)
                member.turn += (size - 1) * member.cost
            else:
                part = int(count * member.weight * self._half)
                size = min(max(outstanding >> 4, part, 1), room, count)
                more = (size - 1) * member.cost
                member.turn += more
                # The others have their parts of this run: they have none to make up for.
                self._highest += more
            given[smsc] = given.get(smsc, 0) + size
            smsc.outstanding = outstanding + size
            count -= size
        for smsc, size in given.items():
            smsc.outstanding -= size
        return given
