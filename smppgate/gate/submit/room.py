"""`Room`: messages that wait for the same SMSCs, and `Waiting`, one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from attrs import frozen

from smppgate.gate.relay.reason import Reason
from smppgate.routing.exchange import Exchange
from smppgate.routing.limits.esme_limits import SessionLimit
from smppgate.routing.limits.fair_queue import Entry, FairQueue
from smppgate.routing.sessions import Requester
from smppgate.routing.smscs.links import Link
from smppgate.routing.smscs.pool import Pool
from smppgate.routing.smscs.smsc import Smsc

OVERHEAD = 1024
"""Octets that a message is counted with beside its own: its records, and its places in tables.
Measured with 100 000 messages on Python 3.11: 790 each, of 1 000 sessions; 1 570 of as many."""


class AnyRoom(Protocol):
    """Where messages wait."""

    lack: str
    """What they wait for, in words."""
    reason: Reason
    """Why they end where they wait in vain."""

    def remove(self, waiting: Waiting) -> None:
        """It is not to be sent any more."""

    def is_able(self, command_id: int) -> bool:
        """Whether what it waits for comes, if not now."""


class Waiting(Entry):
    """A message that waits. Mutable and slotted.

    :param requester: whose window it counts against; the exchange's origin may be another, which
        gathers several answers for it.
    :param serial: a number that is the higher the later it came.
    :ivar deadline: when it is answered, if no SMSC has taken it; seconds on the monotonic clock.
    :ivar room: where it waits; None before and after that.
    :ivar limit: that of its session, while it waits for tokens.
    """

    __slots__ = ("deadline", "exchange", "limit", "requester", "room", "serial")

    def __init__(
        self, exchange: Exchange, requester: Requester, deadline: float, serial: int
    ) -> None:
        octets = len(exchange.octets) + OVERHEAD
        if exchange.rewritten is not None:
            octets += len(exchange.original)
        super().__init__(requester.system_id, requester, requester.policy.share, octets)
        self.exchange = exchange
        self.requester = requester
        self.deadline = deadline
        self.serial = serial
        self.room: AnyRoom | None = None
        self.limit: SessionLimit | None = None

    @property
    def is_gone(self) -> bool:
        """Whether it waits no more."""
        return self.room is None


RoomKey = tuple[Pool | None, tuple[Smsc, ...], bool, int | None, Link | Smsc | None]
"""The pool, the SMSCs, `Room.is_again`, `Room.ranked` and `Room.place`: a room's name."""

HOMELESS = -1
"""`Room.ranked` of the room of those whose SMSC is not known yet; see `homing`."""


def key_of(exchange: Exchange) -> RoomKey:
    """That of the room in which ``exchange`` waits."""
    anchor = exchange.anchor
    place = anchor.place if anchor is not None else None
    pool = exchange.pool
    ranked = (
        pool.ranked if pool is not None and exchange.key is not None and place is None else None
    )
    return pool, exchange.candidates, exchange.attempts > 0, ranked, place


def key_of_homeless(pool: Pool) -> RoomKey:
    """That of the room of those with keys that come while others of the pool find their SMSCs."""
    return pool, (), False, HOMELESS, None


@frozen
class Line:
    """What waits for one pool, or for one SMSC.

    :ivar since: when the one that waits longest came; seconds on the monotonic clock.
    """

    count: int
    octets: int
    since: float


class Room:
    """Messages that the same SMSCs may take, in the order in which they are served.

    While there are any, it is told by each of the SMSCs when that may have room.

    :param pool: the pool that they wait for; None where they wait for one SMSC alone.
    :param smscs: which may take them.
    :param is_again: whether SMSCs have turned them down: they had their turn before, and are
        served in front of all others.
    :param ranked: where they have keys, `Pool.ranked` when these were their SMSCs; else None.
    :param place: the link that has to have room, or the SMSC, where the first of what belongs
        together was sent there; None elsewhere.
    :param freed: called when one of the SMSCs may have room.
    :ivar served: a number that is the higher the later one of them was served.
    """

    __slots__ = (
        "_freed",
        "is_again",
        "place",
        "pool",
        "queue",
        "ranked",
        "served",
        "smscs",
    )

    lack = "no SMSC had room"
    reason = Reason.HOLD

    def __init__(
        self,
        pool: Pool | None,
        smscs: tuple[Smsc, ...],
        is_again: bool,
        ranked: int | None,
        place: Link | Smsc | None,
        freed: Callable[[Room], None],
    ) -> None:
        self.smscs = smscs
        self.pool = pool
        self.is_again = is_again
        self.ranked = ranked
        self.place = place
        self.queue: FairQueue[Waiting] = FairQueue()
        self.served = 0
        self._freed = freed

    @property
    def key(self) -> RoomKey:
        """What it is known by."""
        return self.pool, self.smscs, self.is_again, self.ranked, self.place

    @property
    def is_outdated(self) -> bool:
        """Whether the keys of its messages may have other SMSCs by now."""
        return (
            self.ranked is not None and self.pool is not None and self.pool.ranked != self.ranked
        )

    @property
    def rank(self) -> int:
        """Rooms of a lower rank are served first: what was sent before, what has been begun."""
        return 0 if self.is_again else 1 if self.place is not None else 2

    def owes_turn(self, others: Iterable[Room]) -> bool:
        """Whether the account of its first message owes one of these a turn: see `FairQueue`."""
        waiting = self.queue.head()
        if waiting is None:
            return False
        anchor = waiting.exchange.anchor
        smsc = anchor.smsc if anchor is not None else None
        return any(smsc in each.smscs and each.queue.owes_turn(waiting.account) for each in others)

    def __repr__(self) -> str:
        names = ", ".join(smsc.name for smsc in self.smscs)
        return f"<Room for {names} with {len(self.queue)}>"

    def freed(self) -> None:
        """One of the SMSCs may have room."""
        self._freed(self)

    def add(self, waiting: Waiting) -> None:
        """Let it wait behind the others of its session."""
        if not self.queue:
            for smsc in self.smscs:
                smsc.await_room(self)
            # None of them tells of the room that it has already.
            self._freed(self)
        waiting.room = self
        self.queue.add(waiting)
        if self.pool is not None:
            self.pool.waiting += 1

    def serve(self, waiting: Waiting, serial: int) -> None:
        """The first has been sent."""
        self.served = serial
        self.queue.take()
        self._left(waiting)

    def remove(self, waiting: Waiting) -> None:
        """It is not to be sent any more."""
        self.queue.remove(waiting)
        self._left(waiting)

    def is_able(self, command_id: int) -> bool:
        """Whether one of its SMSCs takes this command, if not now."""
        if self.pool is not None and self.place is None:
            return self.pool.able(command_id)
        return any(smsc.is_reached for smsc in self.smscs)

    def _left(self, waiting: Waiting) -> None:
        waiting.room = None
        if self.pool is not None:
            self.pool.waiting -= 1
        if not self.queue:
            for smsc in self.smscs:
                smsc.await_no_more(self)
