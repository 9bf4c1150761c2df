"""`RoundRobin`: everybody has a turn, as often as its weight says."""

from __future__ import annotations

from collections.abc import Sequence

from smppgate.routing.smscs.balancers.balancer import Balancer
from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc


class RoundRobin(Balancer):
    """Chooses by weight and in turn, spread evenly: 5:1:1 gives ``aabacaa``, not ``aaaaabc``.

    For each message, every member with room adds its weight to its turn. The member with the
    highest turn is chosen, and the sum of all weights added is taken off its turn.
    """

    def __init__(self) -> None:
        self._members: tuple[Member, ...] = ()

    def arrange(self, members: tuple[Member, ...]) -> None:
        """Choose among these from now on."""
        self._members = members

    def choose(self, now: float, key: bytes | None, tried: Sequence[Smsc]) -> Smsc | None:
        """The SMSC with room and the highest turn that is not in ``tried``; None without such."""
        best: Member | None = None
        total = 0.0
        for member in self._members:
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
