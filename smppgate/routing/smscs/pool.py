"""Pools of SMSCs that take the same messages.

An SMSC may be in several pools and has a seat in each, a `Member`: what it took for one pool is
not held against it in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from smppgate.routing.smscs.smsc import Smsc


class Member:
    """An SMSC's seat in one pool. Mutable and slotted for the hot path.

    :ivar weight: its share of the pool's messages relative to the other members; the SMSC's.
    :ivar cost: what one more message adds to its load, 1 / weight.
    :ivar turn: how far it is with its share, in a balancer's own unit.
    """

    __slots__ = ("cost", "smsc", "turn", "weight")

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.weight = smsc.weight
        self.cost = 1.0 / smsc.weight
        self.turn = 0.0

    def __repr__(self) -> str:
        return f"<Member {self.smsc.name} weight={self.weight}>"


class Balancer(Protocol):
    """A way to choose among the members it was made for."""

    members: tuple[Member, ...]
    """In the order of the configuration."""

    def choose(self, tried: Sequence[Smsc] = ()) -> Smsc | None:
        """An SMSC with room that is not in ``tried``; None when there is none."""


class Pool:
    """SMSCs that take the same messages.

    :ivar choose: the SMSC for the next message, or None; see `Balancer.choose`.
    """

    __slots__ = ("choose", "members", "name")

    def __init__(self, name: str, balancer: Balancer) -> None:
        self.name = name
        self.members = balancer.members
        self.choose = balancer.choose

    def __repr__(self) -> str:
        return f"<Pool {self.name} {self.members!r}>"

    @property
    def smscs(self) -> tuple[Smsc, ...]:
        """Those of its members."""
        return tuple(member.smsc for member in self.members)

    def without(self, command_id: int) -> tuple[Smsc, ...]:
        """The SMSCs that do not know this request."""
        return tuple(smsc for smsc in self.smscs if command_id not in smsc.commands)

    @property
    def is_up(self) -> bool:
        """Whether any of its SMSCs has a bound link."""
        return any(member.smsc.links for member in self.members)
