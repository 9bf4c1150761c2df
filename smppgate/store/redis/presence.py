"""`Presence`: a node that lives says so, and looks at what there is, twice a second.

One script a look, and a look for each server: what the node is told by it goes to all parts of the
store that `follow`. While a server does not answer nothing is told; what follows from that each
part knows by its own clock.

A look costs a server 10 to 25 µs for each queue that it tells of: so where many have messages, it
tells of `MOST_QUEUES`, and the next ones go on from there, until all have been told of: a *round*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smppgate.notices.store import STORE_MISTAKE
from smppgate.store.records import StoreError
from smppgate.store.redis.names import Names
from smppgate.store.redis.ports import Server
from smppgate.store.redis.script import Script
from smppgate.store.redis.slots import Slots
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

INTERVAL = 0.5
"""Seconds between two looks."""

LEASE = 4.5
"""Seconds that a lease lasts, and that a node lives, which do not look again."""

_MARGIN = 0.005
"""Seconds after the end of another node's lease at which it is looked again."""

MOST_QUEUES = 1000
"""Queues that a look tells of, about: a server does nothing else for 10 to 25 ms."""

_BEGIN = b"0"
"""Where a round begins, and ends."""

_LOOK, _DEPART = Script("look"), Script("depart")

_Renewal = tuple[bytes, int, int]
"""An account, the token of the lease of its queue, and the rank of the node."""


class Whose(IntEnum):
    """The node that has a lease."""

    NOBODYS = 0
    MINE = 1
    ANOTHERS = 2


class State(IntEnum):
    """What became of a lease."""

    LOST = 0
    HAD = 1
    WANTED = 2


@frozen
class QueueSeen:
    """A queue that has messages.

    :ivar count: how many, also of those that have expired.
    :ivar came: how many ever came into it.
    :ivar last: the number of the last of these.
    :ivar token: of the last lease.
    :ivar rest: seconds that the lease lasts.
    :ivar rank: with which this node waits for it, or -1.
    """

    count: int
    came: int
    last: int
    whose: Whose
    token: int
    rest: float
    rank: int
    has_expired: bool


@frozen(eq=False)
class Look:
    """What a node was told by one look at a server.

    :ivar serial: grows with each look.
    :ivar sent: when it was sent; seconds of the monotonic clock.
    :ivar before: when the one before that was answered was sent.
    :ivar is_new: whether the server did not know the node.
    :ivar full: accounts of which a session got no place since the look before, some of them twice.
    :ivar leases: what became of the leases that the node had then, by account and token.
    :ivar queues: those that it tells of, by account: all that have messages, or of many the next.
    :ivar round: that which it has ended; None where more looks belong to that.
    """

    serial: int
    sent: float
    before: float | None
    is_new: bool
    full: Sequence[bytes]
    leases: dict[tuple[bytes, int], State]
    queues: dict[bytes, QueueSeen]
    round: Round | None


@frozen(eq=False)
class Round:
    """Looks that have told of all queues; of many, several.

    A queue that was not told of had no messages at some moment since the first of them.

    :ivar serial: that of the first.
    :ivar accounts: whose queues were told of.
    """

    serial: int
    accounts: set[bytes]


Told = Callable[[Server, Look], None]
Missed = Callable[[Server, Failure], None]


class Presence:
    """This node, as the servers know it.

    :param node: names this process, and no other one, also not the one before it on this node.
    :param most_queues: see `MOST_QUEUES`.
    :ivar renewals: gives the leases that are to be renewed at a server.
    :ivar serial: that of the last look that was sent.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        slots: Slots,
        names: Names,
        node: bytes,
        most_queues: int = MOST_QUEUES,
    ) -> None:
        self.renewals: Callable[[Server], Sequence[_Renewal]] = lambda _: ()
        self.serial = 0
        self.node = node
        self._keys = (names.node(node), names.queues, names.full)
        self._arguments = (node, round(1000 * LEASE))
        self._most_queues = most_queues
        self._prefixes = (
            names.node_prefix,
            names.claim(b""),
            names.waiting(b""),
            names.messages(b""),
            names.expiries(b""),
        )
        self._told: list[Told] = []
        self._missed: list[Missed] = []
        self._looking = [_Looking(clock, server, self) for server in slots]

    def start(self) -> None:
        """Look from now on."""
        for looking in self._looking:
            looking.start()

    def stop(self) -> Deferred[None]:
        """Look no more: the places of this node are free at once. Never fails."""
        going = [looking.stop(self._keys[0]) for looking in self._looking]
        return gatherResults(going).addCallback(_nothing)

    def follow(self, told: Callable[[Server, bool], None]) -> None:
        """Call ``told`` after each look: its server, and whether that did not know the node."""
        self.follow_looks(lambda server, look: told(server, look.is_new))

    def follow_full(self, told: Callable[[bytes], None]) -> None:
        """Call ``told`` with each account of which a session has got no place anywhere.

        With some twice.
        """
        self.follow_looks(lambda _, look: _each(look.full, told))

    def follow_looks(self, told: Told) -> None:
        """Call ``told`` with each look that was answered, and its server. It must not raise."""
        self._told.append(told)

    def follow_missed(self, told: Missed) -> None:
        """Call ``told`` with each look that failed: its server, and why. It must not raise."""
        self._missed.append(told)

    # For `_Looking`

    def ask(
        self, server: Server, since: int, begin: bytes
    ) -> tuple[int, list[_Renewal], Deferred[Any]]:
        """Look at ``server``: the serial, the leases that are renewed, and the answer."""
        self.serial += 1
        leases = list(self.renewals(server))
        words = [word for lease in leases for word in lease]
        where = (since, begin, self._most_queues)
        arguments = (*self._arguments, *where, *self._prefixes, *words)
        return self.serial, leases, server.run(_LOOK, self._keys, arguments)

    def looked(self, server: Server, look: Look) -> None:
        """A look was answered."""
        for told in self._told:
            told(server, look)

    def not_looked(self, server: Server, failure: Failure) -> None:
        """A look was not."""
        if not failure.check(StoreError):
            self.log.tell_failure(STORE_MISTAKE, failure)
        for told in self._missed:
            told(server, failure)


class _Looking:
    """The looks at one server, one at a time."""

    def __init__(self, clock: Clock, server: Server, presence: Presence) -> None:
        self._clock = clock
        self._server = server
        self._presence = presence
        self._since = 0
        """When the server was looked at last; milliseconds, as it says."""
        self._before: float | None = None
        self._next = _BEGIN
        """Where the next look goes on."""
        self._round = Round(0, set())
        self._timer: IDelayedCall | None = None
        self._is_running = self._is_under_way = False
        server.follow(self._turned)

    def start(self) -> None:
        self._is_running = True
        self._look()

    def stop(self, key: bytes) -> Deferred[None]:
        self._is_running = False
        self._cancel()
        going = self._server.run(_DEPART, [key], [])
        return going.addErrback(Failure.trap, StoreError).addCallback(_nothing)

    def _turned(self) -> None:
        """The server answers again, or does so no more: the next may be another one."""
        self._next = _BEGIN
        if self._server.is_up and self._is_running and not self._is_under_way:
            self._cancel()
            self._look()

    def _cancel(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _look(self) -> None:
        self._timer, self._is_under_way = None, True
        sent = self._clock.monotonic()
        serial, leases, asking = self._presence.ask(self._server, self._since, self._next)
        if self._next == _BEGIN:
            self._round = Round(serial, set())
        asking.addCallback(self._answered, serial, sent, leases)
        asking.addErrback(self._missed).addCallback(self._later, sent)

    def _answered(
        self, answer: list[Any], serial: int, sent: float, leases: list[_Renewal]
    ) -> float:
        """What is told; gives the seconds until the next look."""
        is_known, now, full, states, self._next, queues = answer
        renewed = {
            (account, token): State(state)
            for (account, token, _), state in zip(leases, states, strict=True)
        }
        seen = {account: _seen(*fields) for account, *fields in queues}
        ended = self._told_of(seen)
        look = Look(serial, sent, self._before, not is_known, full, renewed, seen, ended)
        self._since, self._before = now, sent
        if self._is_running:
            self._presence.looked(self._server, look)
        rests = (it.rest for it in seen.values() if it.whose is Whose.ANOTHERS)
        return min(rests, default=INTERVAL) + _MARGIN

    def _told_of(self, accounts: Iterable[bytes]) -> Round | None:
        """The round, if it is over."""
        self._round.accounts.update(accounts)
        return self._round if self._next == _BEGIN else None

    def _missed(self, failure: Failure) -> float:
        if self._is_running:
            self._presence.not_looked(self._server, failure)
        return INTERVAL

    def _later(self, pause: Any, sent: float) -> None:
        self._is_under_way = False
        if self._is_running:
            passed = self._clock.monotonic() - sent
            pause = max(min(pause, INTERVAL - passed), _MARGIN)
            self._timer = self._clock.callLater(pause, self._look)


def _seen(
    count: int, came: int, last: int, whose: int, token: int, rest: int, rank: int, expired: int
) -> QueueSeen:
    return QueueSeen(count, came, last, Whose(whose), token, rest / 1000, rank, expired > 0)


def _each(accounts: Sequence[bytes], told: Callable[[bytes], None]) -> None:
    for account in accounts:
        told(account)


def _nothing(_: object) -> None:
    """What it was does not matter."""
