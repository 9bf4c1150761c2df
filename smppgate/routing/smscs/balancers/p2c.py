"""`PowerOfTwoChoices`: the less loaded of two that chance picks.

Where many gates share SMSCs, each of them sending to the least loaded one sends all to the same;
two choices spread nearly as well and do not (M. Mitzenmacher, The power of two choices in
randomized load balancing, 2001). Its cost does not grow with the members.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from math import inf
from random import Random

from smppgate.routing.smscs.balancers.balancer import Balancer
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc


class PowerOfTwoChoices(Balancer):
    """Chooses the less loaded of two members, each picked as often as its weight says.

    Of equal loads the first that was picked is chosen, so an idle pool spreads messages by weight.
    Where neither has room the least loaded of all that have is chosen.

    :param chance: picks.
    """

    def __init__(self, chance: Random) -> None:
        self._random = chance.random
        self._members: tuple[Member, ...] = ()
        # Weights added up, a member's own included.
        self._until: list[float] = []

    def arrange(self, members: tuple[Member, ...]) -> None:
        """Choose among these from now on."""
        self._members = members
        self._until = list(accumulate(member.weight for member in members))

    def choose(self, now: float, key: bytes | None, tried: Sequence[Smsc]) -> Smsc | None:
        """The less loaded SMSC of two with room, not in ``tried``; None where none has room."""
        members = self._members
        if len(members) < 2:
            return _least_loaded(members, now, tried)
        one, other = self._pick()
        return _least_loaded((members[one], members[other]), now, tried) or _least_loaded(
            members, now, tried
        )

    def _pick(self) -> tuple[int, int]:
        """The places of two different members."""
        until, random = self._until, self._random
        total = until[-1]
        one = min(bisect(until, random() * total), len(until) - 1)
        before = until[one - 1] if one else 0
        weight = until[one] - before
        # Among the others: as if this one were not there.
        at = random() * (total - weight)
        other = min(bisect(until, at if at < before else at + weight), len(until) - 1)
        return one, other


def _least_loaded(members: Sequence[Member], now: float, tried: Sequence[Smsc]) -> Smsc | None:
    """The first of the least loaded with room."""
    best: Smsc | None = None
    least = inf
    for member in members:
        smsc = member.smsc
        load: float = smsc.outstanding
        if load >= smsc.capacity or smsc in tried:
            continue
        if smsc.is_burdened:
            load += smsc.burden(now)
        load *= member.cost
        if load < least:
            best, least = smsc, load
    return best
