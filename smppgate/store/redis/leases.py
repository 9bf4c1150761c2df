"""`Leases`: which queues are this node's, and for how long that is sure.

A claim stays in the node until there are messages in the queue, so that accounts without any cost
the servers nothing. Then the node asks for the lease. It has it when as many replicas as are asked
for know that; where too few do, when the next look finds that it is so: there is no replica then
that could take the master's place without knowing.

Each look renews what the node has, without waiting for replicas. What counts is the look before
the last one, which replicas have had time for: a failover that loses the last renewal changes
nothing. The node gives a lease up half a second before another can get it.

A lease is let go when all removals under it are written. It is renewed no more meanwhile: where
they cannot be written it ends by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import partial
from typing import Any, Protocol, TypeGuard

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from smppgate.notices.store import STORE_MISTAKE
from smppgate.store.records import StoreError
from smppgate.store.redis.names import Names
from smppgate.store.redis.ports import Server, Word
from smppgate.store.redis.presence import LEASE, Look, QueueSeen, State, Whose
from smppgate.store.redis.script import Script
from smppgate.store.redis.slots import Slots
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

SURE = 4.0
"""Seconds after a look was sent in which what it has renewed is surely this node's."""

IDLE = 30.0
"""Seconds after which an empty queue is let go."""

PIECE = 500
"""Queues that are claimed in one call: a server does nothing else for a few milliseconds."""

_CLAIM, _RELEASE = Script("claim"), Script("release")


class Hears(Protocol):
    """Knows of queues, and is told of them."""

    def has_messages(self, account: bytes) -> bool:
        """Whether the queue has any, as far as is known."""

    def granted(self, account: bytes, count: int, came: int, last: int) -> None:
        """This node has the queue, with ``count`` messages when ``came`` ever had come.

        :param last: the number of the last of these.
        """

    def wanted(self, account: bytes) -> None:
        """It is to let the queue go soon."""


class Phase(Enum):
    """What this node has of a queue."""

    NONE = "none"
    CLAIMING = "claiming"
    HELD = "held"
    LEAVING = "leaving"


@define(eq=False)
class _Lease:
    """The lease of one queue, had or asked for.

    :ivar rank: None where it is not asked for.
    :ivar token: that it was had with last; 0 where it is let go, or was never had.
    :ivar until: how long it is surely this node's; seconds of the monotonic clock.
    :ivar is_waiting: whether the servers know that this node waits for it.
    :ivar is_doubtful: whether a claim was made of which nothing is known.
    :ivar used: when it was used last; seconds of the monotonic clock.
    """

    account: bytes
    rank: int | None = None
    phase: Phase = Phase.NONE
    token: int = 0
    until: float = 0.0
    is_waiting: bool = False
    is_doubtful: bool = False
    is_wanted: bool = False
    used: float = 0.0


class Leases:
    """The leases of this node.

    :param settled: fires when all that was removed from the queue of an account is written.
    :ivar lost: how many leases another node has got, or nobody could renew in time.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        slots: Slots,
        names: Names,
        node: bytes,
        hears: Hears,
        settled: Callable[[bytes], Deferred[None]],
    ) -> None:
        self.lost = 0
        self._clock = clock
        self._slots = slots
        self._names = names
        self._node = node
        self._hears = hears
        self._settled = settled
        self._leases: dict[bytes, _Lease] = {}
        """None is without a rank and in no phase."""
        self._held: dict[Server, dict[bytes, _Lease]] = {server: {} for server in slots}
        self._to_claim: dict[bytes, None] = {}
        self._claiming: IDelayedCall | None = None
        self._alarm: IDelayedCall | None = None
        self._is_stopped = False

    def holds(self, account: bytes) -> bool:
        """Whether the queue of ``account`` is this node's."""
        lease = self._leases.get(account)
        return lease is not None and lease.phase is Phase.HELD

    def token(self, account: bytes) -> int:
        """That of the lease under which the queue of ``account`` was read; 0 without any."""
        lease = self._leases.get(account)
        return lease.token if lease is not None else 0

    def renewals(self, server: Server) -> Sequence[tuple[bytes, int, int]]:
        """The leases at ``server``: account, token and rank of each."""
        return [(it.account, it.token, it.rank or 0) for it in self._held[server].values()]

    def stop(self) -> None:
        """Ask for nothing more, and forget all timers."""
        self._is_stopped = True
        for timer in (self._claiming, self._alarm):
            if timer is not None:
                timer.cancel()
        self._claiming = self._alarm = None

    # What the gate does

    def ask(self, account: bytes, rank: int) -> None:
        """See `IQueues.claim`; without messages nothing is asked yet."""
        lease = self._leases.setdefault(account, _Lease(account))
        is_new, lease.rank = lease.rank != rank, rank
        if lease.phase is Phase.NONE and (is_new or not lease.is_waiting):
            self._claim_if_filled(account)

    def release(self, account: bytes) -> None:
        """See `IQueues.release`."""
        lease = self._leases.get(account)
        if lease is None:
            return
        lease.rank = None
        if lease.phase is Phase.HELD:
            self._let_go(lease)
        elif lease.phase is Phase.NONE:
            if lease.is_waiting:
                self._send_release(lease)
            self._forget(lease)

    def used(self, account: bytes) -> None:
        """The queue of ``account`` has got messages, or is read."""
        lease = self._leases.get(account)
        if lease is None:
            return
        lease.used = self._clock.monotonic()
        if lease.phase is Phase.NONE and lease.rank is not None and not lease.is_waiting:
            self._claim_soon(account)

    # What looks tell

    def heard(self, server: Server, look: Look) -> None:
        """A look at ``server`` was answered."""
        for (account, token), state in look.leases.items():
            lease = self._held[server].get(account)
            if lease is not None and lease.token == token:
                self._renewed(lease, state, look)
        for account, seen in look.queues.items():
            self._seen(account, seen, look)
        self._set_alarm()

    def shake(self, server: Server) -> None:
        """``server`` may have lost what it had: let go all, and ask for it anew."""
        for lease in list(self._held[server].values()):
            self._want(lease)

    def _renewed(self, lease: _Lease, state: State, look: Look) -> None:
        if state is State.LOST:
            self._lose(lease)
            return
        if look.before is not None:
            lease.until = max(lease.until, min(look.sent + SURE, look.before + LEASE))
        is_idle = look.sent - lease.used > IDLE and not self._hears.has_messages(lease.account)
        if state is State.WANTED or is_idle:
            self._want(lease)

    def _seen(self, account: bytes, seen: QueueSeen, look: Look) -> None:
        lease = self._leases.get(account)
        if lease is None:
            if seen.whose is Whose.MINE or seen.rank >= 0:
                # What came late, or was not heard.
                self._send_release(_Lease(account, token=seen.token))
        elif lease.phase is Phase.NONE and lease.rank is not None:
            self._see_free(lease, seen, look)

    def _see_free(self, lease: _Lease, seen: QueueSeen, look: Look) -> None:
        lease.is_waiting = seen.rank >= 0
        if seen.whose is Whose.MINE and lease.is_doubtful:
            until = look.sent + min(SURE, seen.rest - (LEASE - SURE))
            self._grant(lease, seen.token, until, seen.count, seen.came, seen.last)
        elif seen.whose is not Whose.ANOTHERS or seen.rank != lease.rank:
            self._claim_soon(lease.account)

    def _want(self, lease: _Lease) -> None:
        if not lease.is_wanted:
            lease.is_wanted = True
            self._hears.wanted(lease.account)

    def _lose(self, lease: _Lease) -> None:
        if not lease.is_wanted:
            self.lost += 1
        self._want(lease)

    # The end of what was not renewed

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        ends = [lease.until for lease in self._all_held() if not lease.is_wanted]
        if ends and not self._is_stopped:
            pause = max(0.0, min(ends) - self._clock.monotonic())
            self._alarm = self._clock.callLater(pause, self._end)

    def _end(self) -> None:
        self._alarm = None
        now = self._clock.monotonic()
        for lease in list(self._all_held()):
            if lease.until <= now:
                self._lose(lease)
        self._set_alarm()

    def _all_held(self) -> Iterable[_Lease]:
        return (lease for held in self._held.values() for lease in held.values())

    # Claims

    def _claim_if_filled(self, account: bytes) -> None:
        if self._hears.has_messages(account):
            self._claim_soon(account)

    def _claim_soon(self, account: bytes) -> None:
        """All of this turn go together."""
        self._to_claim[account] = None
        if self._claiming is None and not self._is_stopped:
            self._claiming = self._clock.callLater(0.0, self._claim)

    def _claim(self) -> None:
        self._claiming = None
        wanted, self._to_claim = self._to_claim, {}
        for server, accounts in self._slots.spread(list(wanted)).items():
            due = [lease for lease in map(self._leases.get, accounts) if _is_due(lease)]
            for at in range(0, len(due), PIECE):
                self._send_claim(server, due[at : at + PIECE])

    def _send_claim(self, server: Server, leases: list[_Lease]) -> None:
        names, sent = self._names, self._clock.monotonic()
        keys: list[bytes] = []
        words: list[Word] = [self._node, round(1000 * LEASE), names.node_prefix]
        for lease in leases:
            account = lease.account
            lease.phase = Phase.CLAIMING
            keys += [names.claim(account), names.waiting(account), names.messages(account)]
            words += [lease.token, lease.rank or 0]
        ranks = [lease.rank for lease in leases]
        asking = server.run_safely(_CLAIM, keys, words)
        asking.addCallbacks(
            self._answered, self._not_answered, (leases, ranks, sent), errbackArgs=(leases,)
        )
        asking.addErrback(partial(self.log.tell_failure, STORE_MISTAKE))

    def _answered(
        self, answer: list[int], leases: list[_Lease], ranks: list[int | None], sent: float
    ) -> None:
        fields = zip(leases, ranks, *(answer[at::4] for at in range(4)), strict=True)
        for lease, rank, token, count, came, last in fields:
            lease.phase, lease.is_doubtful = Phase.NONE, False
            lease.is_waiting = token == 0
            if token:
                self._grant(lease, token, sent + SURE, count, came, last)
            elif lease.rank is None:
                self._send_release(lease)
                self._forget(lease)
            elif lease.rank != rank:
                self._claim_soon(lease.account)
        self._set_alarm()

    def _not_answered(self, failure: Failure, leases: list[_Lease]) -> None:
        """The next look tells what has become of it."""
        for lease in leases:
            lease.phase, lease.is_doubtful = Phase.NONE, True
            self._forget(lease)
        failure.trap(StoreError)

    def _grant(
        self, lease: _Lease, token: int, until: float, count: int, came: int, last: int
    ) -> None:
        lease.token, lease.until, lease.phase = token, until, Phase.HELD
        lease.is_waiting = lease.is_doubtful = lease.is_wanted = False
        lease.used = self._clock.monotonic()
        self._held[self._slots.of(lease.account)][lease.account] = lease
        if lease.rank is None:
            self._let_go(lease)
        else:
            self._hears.granted(lease.account, count, came, last)

    # Letting go

    def _let_go(self, lease: _Lease) -> None:
        lease.phase = Phase.LEAVING
        del self._held[self._slots.of(lease.account)][lease.account]
        self._settled(lease.account).addCallback(self._leave, lease)

    def _leave(self, _: None, lease: _Lease) -> None:
        self._send_release(lease).addCallback(self._left, lease)

    def _left(self, is_done: bool, lease: _Lease) -> None:
        lease.phase = Phase.NONE
        if is_done:
            # Otherwise it is known by its token when it is asked for again.
            lease.token = 0
        if lease.rank is not None:
            self._claim_if_filled(lease.account)
        self._forget(lease)

    def _send_release(self, lease: _Lease) -> Deferred[Any]:
        """Gives whether it was done."""
        lease.is_waiting = False
        account, names = lease.account, self._names
        keys = (names.claim(account), names.waiting(account))
        going = self._slots.of(account).run(_RELEASE, keys, (self._node, lease.token))
        return going.addCallbacks(_done, _not_done)

    def _forget(self, lease: _Lease) -> None:
        if lease.rank is None and lease.phase is Phase.NONE:
            self._leases.pop(lease.account, None)


def _is_due(lease: _Lease | None) -> TypeGuard[_Lease]:
    return lease is not None and lease.phase is Phase.NONE and lease.rank is not None


def _done(_: object) -> bool:
    return True


def _not_done(failure: Failure) -> bool:
    """The lease ends by itself, and what waits is seen by the next look."""
    failure.trap(StoreError)
    return False
