"""Pools of SMSCs that take the same messages.

An SMSC may be in several pools. It has a seat in each, a `Member`, so that the messages it took
for one pool do not change its turn in another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from smppgate.routing.smscs.smsc import Smsc


class Member:
    """An SMSC's seat in one pool. Mutable and slotted for the hot path.

    :ivar weight: its share of the pool's messages relative to the other members; the SMSC's.
    :ivar cost: the load that one message adds to it, 1 / weight.
    :ivar turn: a counter for the balancer, which defines its unit.
    """

    __slots__ = ("cost", "smsc", "turn", "weight")

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.turn = 0.0
        self.weigh(smsc.weight)
        smsc.members[self] = None

    def weigh(self, weight: int) -> None:
        """Count with this weight."""
        self.weight = weight
        self.cost = 1.0 / weight

    def leave(self) -> None:
        """The seat is in no pool any more."""
        self.smsc.members.pop(self, None)

    def __repr__(self) -> str:
        return f"<Member {self.smsc.name} weight={self.weight}>"


class Balancer(Protocol):
    """Chooses among the members of one pool."""

    members: tuple[Member, ...]
    """In the order of the configuration."""

    def choose(self, tried: Sequence[Smsc]) -> Smsc | None:
        """The SMSC for the next message: one with room, not in ``tried``; None without such."""


class Pool:
    """SMSCs that take the same messages.

    :param name: as configured.
    :ivar smscs: those of its members, in the order of the configuration.
    :ivar hold: seconds that a message may wait until a member takes it; 0: it does not wait.
    :ivar waiting: messages that wait for a member now; counted where they wait.
    :ivar choose: `Balancer.choose` of its balancer; with SMSCs behind the others, see `rank`.
    """

    __slots__ = ("_balancer", "choose", "hold", "members", "name", "smscs", "waiting")

    def __init__(self, name: str, balancer: Balancer, hold: float = 0.0) -> None:
        self.name = name
        self.hold = hold
        self.waiting = 0
        self.members = balancer.members
        self.smscs = _smscs_of(balancer.members)
        self._balancer = balancer
        self.choose: Callable[[Sequence[Smsc]], Smsc | None] = balancer.choose

    def __repr__(self) -> str:
        return f"<Pool {self.name} {self.members!r}>"

    def change(self, balancer: Balancer) -> None:
        """Choose by ``balancer`` among its members from now on."""
        for member in self.members:
            if member not in balancer.members:
                member.leave()
        self.members, self._balancer = balancer.members, balancer
        self.smscs = _smscs_of(balancer.members)
        self.rank()

    def leave(self) -> None:
        """The pool is removed: its SMSCs have no seat in it any more."""
        for member in self.members:
            member.leave()

    def rank(self) -> None:
        """Put the SMSCs that are doubted now behind all others."""
        doubted = tuple(smsc for smsc in self.smscs if smsc.is_doubted)
        choose = self._balancer.choose
        self.choose = partial(_doubted_last, choose, doubted) if doubted else choose

    def without(self, command_id: int) -> tuple[Smsc, ...]:
        """The SMSCs that do not know the request with this command_id."""
        return tuple(smsc for smsc in self.smscs if command_id not in smsc.commands)

    @property
    def is_up(self) -> bool:
        """Whether any of its SMSCs has a bound link."""
        return any(member.smsc.links for member in self.members)

    def able(self, command_id: int, tried: Sequence[Smsc] = ()) -> bool:
        """Whether a member takes this command, if not now: it is up and knows it.

        :param tried: SMSCs that do not count.
        """
        return any(
            smsc.links and command_id in smsc.commands and smsc not in tried for smsc in self.smscs
        )


def _smscs_of(members: Sequence[Member]) -> tuple[Smsc, ...]:
    return tuple(member.smsc for member in members)


def _doubted_last(
    choose: Callable[[Sequence[Smsc]], Smsc | None],
    doubted: tuple[Smsc, ...],
    tried: Sequence[Smsc],
) -> Smsc | None:
    return choose((*tried, *doubted)) or choose(tried)
