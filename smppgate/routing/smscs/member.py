"""`Member`: an SMSC's seat in one pool.

An SMSC may be in several pools. It has a seat in each, so that the messages it took for one pool
do not change its turn in another, and its weight in one need not be that in another.
"""

from __future__ import annotations

from math import inf
from typing import Protocol

from smppgate.routing.admin_state import AdminState
from smppgate.routing.smscs.health.member import MemberHealth
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.constants import command_name


class Ranking(Protocol):
    """Knows which of its members are able; a pool."""

    def rank(self) -> None:
        """Find out again which are: one of them may have changed."""


class Member:
    """An SMSC's seat in one pool. Mutable and slotted for the hot path.

    :param own_weight: its weight in this pool; None where that is its SMSC's.
    :param is_backup: whether it takes messages only while no other member is able.
    :ivar weight: its share of the pool's messages relative to the other members; 0: it takes none.
    :ivar whole_weight: the same, but for slow start.
    :ivar cost: the load that one message adds to it, 1 / weight.
    :ivar turn: a counter for the balancer, which defines its unit.
    :ivar health: whether it is ejected, and what is known for that.
    :ivar factor: the part of its weight that it has now: less than 1 in slow start.
    """

    __slots__ = (
        "_pool",
        "cost",
        "factor",
        "health",
        "is_backup",
        "own_weight",
        "smsc",
        "turn",
        "weight",
        "whole_weight",
    )

    def __init__(self, smsc: Smsc, own_weight: int | None = None, is_backup: bool = False) -> None:
        self.smsc = smsc
        self.turn = 0.0
        self.health = MemberHealth()
        self.factor = 1.0
        self._pool: Ranking | None = None
        self.own_weight = own_weight
        self.is_backup = is_backup
        self._weigh()
        smsc.members[self] = None

    def __repr__(self) -> str:
        return f"<Member {self.smsc.name} weight={self.weight}{' backup' * self.is_backup}>"

    def configure(self, own_weight: int | None, is_backup: bool) -> None:
        """Be a seat of this kind; the pool ranks its members afterwards."""
        self.own_weight, self.is_backup = own_weight, is_backup
        self._weigh()

    def join(self, pool: Ranking) -> None:
        """Be a seat in ``pool``, which ranks its members whenever this one has changed."""
        self._pool = pool
        self.smsc.seated(pool)

    def leave(self) -> None:
        """The seat is in no pool any more."""
        self.smsc.unseated(self, self._pool)
        self._pool = None

    def changed(self) -> None:
        """Its SMSC has changed: its links, its weight, or what an operator has decided."""
        self._weigh()
        if self._pool is not None:
            self._pool.rank()

    def slow(self, factor: float) -> None:
        """Have this part of its weight."""
        self.factor = factor
        self.changed()

    def _weigh(self) -> None:
        smsc, own = self.smsc, self.own_weight
        self.whole_weight = smsc.weight if own is None or smsc.is_weight_decided else own
        self.weight: float = self.whole_weight
        if self.factor < 1.0:
            self.weight *= self.factor
        self.cost = 1.0 / self.weight if self.weight else inf

    @property
    def taken(self) -> int:
        """Messages that its SMSC has taken for its pool."""
        taken_for = self.smsc.taken_for
        return self.smsc.taken if taken_for is None else taken_for.get(self._pool, 0)

    @property
    def is_up(self) -> bool:
        """Whether it is able, but for an ejection."""
        smsc = self.smsc
        return smsc.state is AdminState.READY and bool(smsc.links and self.weight)

    # Whether it is able. `reason` says it all; what else there is must agree with it.

    @property
    def is_able(self) -> bool:
        """Whether it takes new messages whose commands it knows, if not now."""
        return not self.reason()

    def reason(self, command_id: int | None = None) -> str:
        """Why it takes no new message, in words; empty where it does, be it full or not.

        :param command_id: of the message; None for one that every SMSC knows.
        """
        smsc, ejection = self.smsc, self.health.ejection
        if smsc.state is not AdminState.READY:
            return str(smsc.state.value)
        if not smsc.links:
            return "its links are held" if smsc.is_reached else "down"
        if not self.weight:
            return "weight 0"
        if ejection is not None:
            return f"ejected: {ejection.verdict.reason}"
        if command_id is not None and command_id not in smsc.commands:
            return f"does not know {command_name(command_id)}"
        return ""
