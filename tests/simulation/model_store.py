"""`ModelStore`: a store that answers later, fails, and after a crash has what it had promised.

What is written is written in order. A crash comes between any two writes: those that were
acknowledged are there afterwards, and of the others any first few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from smppgate.store import (
    Enqueued,
    Found,
    IStore,
    NewMessage,
    QueuedMessage,
    StoreError,
    StoreStatistics,
)
from smppgate.store.one_process import OneProcess
from smppgate.txsmpp.clock import Clock
from tests.simulation.scenario import StorePlan
from tests.simulation.trace import Trace


@define
class Disk:
    """What survives the process."""

    paths: dict[bytes, tuple[bytes, float]] = field(factory=dict)
    ends: dict[bytes, float] = field(factory=dict)
    queue: dict[int, NewMessage] = field(factory=dict)
    numbers: int = 1
    messages: int = 0


@implementer(IStore)
class ModelStore(OneProcess):
    """One process's store on a `Disk`.

    :param writes: called when something begins to be written, with whether the process can be
        killed in this very moment.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        disk: Disk,
        plan: StorePlan,
        lifetime: float,
        chance: Random,
        trace: Trace,
        writes: Callable[[bool], None],
    ) -> None:
        super().__init__()
        self._told: Callable[[bytes, QueuedMessage], None] = lambda account, queued: None
        self._emptied: Callable[[bytes], None] = lambda account: None
        self._coming: Counter[bytes] = Counter()
        """Messages on their way to the disk, by account."""
        self.disk = disk
        self.keeps_at_once = plan.at_once
        self._clock = Clock.of(reactor)
        self._plan = plan
        self._lifetime = lifetime
        self._chance = chance
        self._trace = trace
        self._tell = writes
        self._memory: dict[bytes, bytes] = {}
        self._archived: dict[bytes, None] = {}
        self._ends: dict[bytes, float] = {}
        self._gone: dict[int, None] = {}
        self._writes: list[tuple[Callable[[], Any], Deferred[Any]]] = []
        self._last = self._busy_until = 0.0
        self._is_open = self._is_closing = self._is_gone = False

    # The life of a store

    def open(self) -> Deferred[None]:
        """See `IStore.open`."""
        for key, (value, _) in self.disk.paths.items():
            if self._chance.random() < self._plan.archives:
                self._archived[key] = None
            else:
                self._memory[key] = value
        self._ends = dict(self.disk.ends)
        self._is_open = True
        return self._answered(lambda: None)

    def close(self) -> Deferred[None]:
        """See `IStore.close`."""
        self._last = max(self._last, self._busy_until)
        self._is_closing = True
        return self._written(lambda: None)

    def crash(self) -> None:
        """The process is gone: of what was being written, any first part is there."""
        for write, _ in self._writes[: self._chance.randint(0, len(self._writes))]:
            write()
        self._writes.clear()
        self._is_gone = True

    def calm(self) -> None:
        """Neither fail nor stall from now on."""
        self._plan = StorePlan()

    def expire(self) -> None:
        """Forget what is over."""
        now = self._clock.wall()
        for key in [k for k, (_, at) in self.disk.paths.items() if at + self._lifetime <= now]:
            self._forget(key)
        for key in [k for k, at in {**self.disk.ends, **self._ends}.items() if at <= now]:
            self._forget(key)
        for number in [n for n, message in self.disk.queue.items() if message.expires <= now]:
            message = self.disk.queue.pop(number)
            if number not in self._gone:
                queued = QueuedMessage(number, message.pdu, message.expires)
                self._told(message.account, queued)

    # Return paths

    @property
    def is_all_recent(self) -> bool:
        """See `IStore.is_all_recent`."""
        return self._is_open and not self._archived

    def keep(self, paths: Mapping[bytes, bytes], waited: float = 0.0) -> Deferred[None]:
        """See `IStore.keep`."""
        now = self._clock.wall()
        for key, value in paths.items():
            self._memory[key] = value
            self._archived.pop(key, None)
            self._ends.pop(key, None)
        kept = {key: (value, now) for key, value in paths.items()}
        if self._plan.archives:
            self._archive()
        if self.keeps_at_once:
            return self._kept_at_once(kept)
        return self._written(lambda: self._keep(kept))

    def recent(self, key: bytes) -> bytes | None:
        """See `IStore.recent`."""
        return None if self._has_ended(key) else self._memory.get(key)

    def find(self, keys: Sequence[bytes]) -> Deferred[Found]:
        """See `IStore.find`."""
        if self._archived and self._draw_failure():
            return self._answered(lambda: Found({}, is_complete=False))
        return self._answered(lambda: Found(self._find(keys)))

    def end(self, keys: Sequence[bytes], grace: float) -> None:
        """See `IStore.end`."""
        ends = dict.fromkeys(keys, self._clock.wall() + grace)
        self._ends.update(ends)
        if not self._is_closing:
            # What is asked for behind its close no store writes: such a return path just expires.
            self._written(lambda: self.disk.ends.update(ends))

    def _kept_at_once(self, kept: dict[bytes, tuple[bytes, float]]) -> Deferred[None]:
        """Keep them; the process may be killed before it is done, or after."""
        if self._chance.random() < 0.5:
            self._tell(True)
        if self._is_gone:
            return Deferred()
        self._keep(kept)
        self._tell(True)
        return succeed(None)

    def _archive(self) -> None:
        """The oldest of those that are written leave memory."""
        for key in list(self._memory)[: -self._plan.remembers]:
            if key in self.disk.paths:
                del self._memory[key]
                self._archived[key] = None

    def _keep(self, kept: dict[bytes, tuple[bytes, float]]) -> None:
        self.disk.paths.update(kept)
        for key in kept:
            self.disk.ends.pop(key, None)

    def _find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found = {}
        for key in keys:
            if self._has_ended(key):
                continue
            if key in self._memory:
                found[key] = self._memory[key]
            elif key in self._archived and key in self.disk.paths:
                found[key] = self.disk.paths[key][0]
        return found

    def _has_ended(self, key: bytes) -> bool:
        return self._ends.get(key, float("inf")) <= self._clock.wall()

    def _forget(self, key: bytes) -> None:
        for table in (self.disk.paths, self.disk.ends, self._memory, self._archived, self._ends):
            table.pop(key, None)  # type: ignore[attr-defined]

    # Numbers and queues

    def reserve_numbers(self, count: int) -> Deferred[int]:
        """See `IStore.reserve_numbers`."""
        return self._written(lambda: self._reserve(count), fails=True)

    def enqueue(self, messages: Sequence[NewMessage]) -> Deferred[list[Enqueued]]:
        """See `IStore.enqueue`."""
        coming = Counter(message.account for message in messages)
        self._coming += coming
        written = self._written(lambda: self._enqueue(messages), fails=True)
        written.addErrback(lambda _: [Enqueued.FAILED] * len(messages))
        return written.addCallback(self._came, coming)

    def queued(self, account: bytes, after: int, limit: int) -> Deferred[list[QueuedMessage]]:
        """See `IStore.queued`."""
        return self._answered(lambda: self._queued(account, after)[:limit], fails=True)

    def remove(self, account: bytes, numbers: Sequence[int]) -> Deferred[None]:
        """See `IStore.remove`."""
        self._gone.update(dict.fromkeys(numbers))
        return self._written(lambda: self._remove(numbers))

    def tell_expired(self, told: Callable[[bytes, QueuedMessage], None]) -> None:
        """See `IStore.tell_expired`."""
        self._told = told

    def stored(self, account: bytes) -> int:
        """See `Shareable.stored`."""
        return sum(
            message.account == account and number not in self._gone
            for number, message in self.disk.queue.items()
        )

    def tell_emptied(self, told: Callable[[bytes], None]) -> None:
        """See `Shareable.tell_emptied`."""
        self._emptied = told

    def queue_sizes(self) -> Deferred[dict[bytes, int]]:
        """See `IStore.queue_sizes`."""
        return self._answered(self._sizes, fails=True)

    def queue_ends(self) -> Deferred[dict[bytes, float]]:
        """See `IStore.queue_ends`."""
        return self._answered(self._last_expiries, fails=True)

    def statistics(self) -> StoreStatistics:
        """See `IStore.statistics`."""
        return StoreStatistics(paths_recent=len(self._memory), queued=len(self.disk.queue))

    def _reserve(self, count: int) -> int:
        first, self.disk.numbers = self.disk.numbers, self.disk.numbers + count
        return first

    def _enqueue(self, messages: Sequence[NewMessage]) -> list[Enqueued]:
        for message in messages:
            self.disk.messages += 1
            self.disk.queue[self.disk.messages] = message
        return [Enqueued.STORED] * len(messages)

    def _came(self, outcomes: list[Enqueued], coming: Counter[bytes]) -> list[Enqueued]:
        self._coming -= coming
        return outcomes

    def _remove(self, numbers: Sequence[int]) -> None:
        removed = [self.disk.queue.pop(number, None) for number in numbers]
        left = {message.account for message in self.disk.queue.values()}
        for account in dict.fromkeys(message.account for message in removed if message):
            if account not in left and not self._coming[account]:
                self._emptied(account)

    def _queued(self, account: bytes, after: int) -> list[QueuedMessage]:
        now = self._clock.wall()
        return [
            QueuedMessage(number, message.pdu, message.expires)
            for number, message in self.disk.queue.items()
            if number > after
            and message.account == account
            and message.expires > now
            and number not in self._gone
        ]

    def _sizes(self) -> dict[bytes, int]:
        names = dict.fromkeys(message.account for message in self.disk.queue.values())
        sizes = {name: len(self._queued(name, 0)) for name in names}
        return {name: size for name, size in sizes.items() if size}

    def _last_expiries(self) -> dict[bytes, float]:
        return {name: max(it.expires for it in self._queued(name, 0)) for name in self._sizes()}

    def admit(self, account: bytes, limit: int) -> Deferred[bool]:
        """See `IAdmission.admit`; as of several processes, of which this is the only one."""
        asking: Deferred[None] = self._answered(lambda: None)
        return asking.addCallback(lambda _: super(ModelStore, self).admit(account, limit))

    def take_slot(self, smsc: str, limit: int) -> Deferred[bool]:
        """See `IAdmission.take_slot`; in the same way."""
        asking: Deferred[None] = self._answered(lambda: None)
        return asking.addCallback(lambda _: super(ModelStore, self).take_slot(smsc, limit))

    # When it answers

    def _answered(self, read: Callable[[], Any], fails: bool = False) -> Deferred[Any]:
        """A Deferred with what is read when it fires."""
        if fails and self._draw_failure():
            return self._failing()
        delay = self._delay()
        if not delay:
            return succeed(read())
        done: Deferred[Any] = Deferred()
        self._later(delay, lambda: done.callback(read()))
        return done

    def _later(self, delay: float, what: Callable[..., Any], *args: Any) -> None:
        self._busy_until = max(self._busy_until, self._clock.seconds() + delay)
        self._clock.callLater(delay, what, *args)

    def _written(self, write: Callable[[], Any], fails: bool = False) -> Deferred[Any]:
        """A Deferred that fires when ``write`` is done, behind all writes before it."""
        if self._is_gone:
            return Deferred()
        if fails and self._draw_failure():
            return self._failing()
        delay = self._delay()
        now = self._clock.seconds()
        if not delay and not self._writes and self._last <= now:
            return succeed(write())
        done: Deferred[Any] = Deferred()
        self._writes.append((write, done))
        self._tell(False)
        self._last = max(self._last, now + delay)
        self._clock.callLater(self._last - now, self._write)
        return done

    def _write(self) -> None:
        write, done = self._writes.pop(0)
        done.callback(write())

    def _failing(self) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self._later(self._delay(), done.errback, StoreError("the disk is full"))
        return done

    def _draw_failure(self) -> bool:
        if not self._plan.failures or self._chance.random() >= self._plan.failures:
            return False
        self._trace.fault("store", "store fails")
        return True

    def _delay(self) -> float:
        if self._plan.stall and self._chance.random() < self._plan.stall:
            self._trace.fault("store", "store stalls")
            return 0.2 + self._chance.random()
        if self._chance.random() < 0.3:
            return 0.0
        return self._chance.expovariate(1.0) * self._plan.delay
