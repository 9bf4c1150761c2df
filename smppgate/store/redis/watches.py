"""`Watches`: what the gate has heard of each queue that it watches, and what it is told.

A server counts the messages that ever came into a queue. What of these this node has put in itself
it knows when that is answered; the rest others have. So while messages of this node are on their
way into a queue, all else that is told of it waits until they are answered.

A node reads the messages of a queue that is its own as far as the watcher knows of them: so it
never finds one that it is told of afterwards.

After a server was not reached, another one may have taken its place, which does not have all. Then
a queue is told of anew; one that is this node's is let go and claimed again, see `Leases.shake`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from attrs import define, evolve, frozen

from smppgate.store.interface import QueueWatcher
from smppgate.store.redis.ports import Server
from smppgate.store.redis.presence import Look, QueueSeen, Round
from smppgate.store.redis.slots import Slots


@frozen
class Seen:
    """A queue at some moment: its messages, how many ever came, and the number of the last.

    :ivar serial: that of the look that told of it, or of the last that was sent before.
    """

    count: int
    came: int | None
    last: int
    serial: int


@define(eq=False)
class _Watch:
    """One queue.

    :ivar came: of the messages that ever came into it, up to which the watcher knows of them; None
        where that is not known.
    :ivar last: the number of the last of these.
    :ivar is_filled: whether the watcher believes that it has messages; None where it was not told.
    :ivar changed: the last look that was sent before messages of this node came into it.
    """

    watcher: QueueWatcher
    came: int | None = None
    last: int = 0
    is_filled: bool | None = None
    changed: int = 0

    def knows(self, came: int, last: int) -> None:
        """The watcher knows of so many, if not of more."""
        if self.came is None or came >= self.came:
            self.came, self.last = came, last


class Watches:
    """Those of this node.

    :param holds: whether a queue is this node's.
    """

    def __init__(self, slots: Slots, holds: Callable[[bytes], bool]) -> None:
        self._slots = slots
        self._holds = holds
        self._watches: dict[bytes, _Watch] = {}
        self._filled: dict[Server, dict[bytes, _Watch]] = {server: {} for server in slots}
        """Those that are not known to be empty."""
        self._known: dict[Server, dict[bytes, Seen]] = {server: {} for server in slots}
        """What looks have seen, and this node has put in since, by account."""
        self._looked: set[Server] = set()
        """The servers of which a first round has ended, or a look was not answered."""
        self._coming: dict[bytes, list[Callable[[], None]]] = {}
        """Account → what is to be told when messages on their way are answered."""

    def __len__(self) -> int:
        """The messages of all queues, as looks have seen them last."""
        return sum(seen.count for known in self._known.values() for seen in known.values())

    def has_messages(self, account: bytes) -> bool:
        """Whether the queue of ``account`` has any, as far as is known."""
        return account in self._known[self._slots.of(account)]

    def last(self, account: bytes) -> bytes | None:
        """The end of what may be read of a queue; None where nothing may be at present."""
        watch = self._watches.get(account)
        if watch is None or not self._holds(account):
            return b"+"
        return None if watch.came is None else b"%d" % watch.last

    def watch(self, account: bytes, watcher: QueueWatcher | None) -> None:
        """See `IQueues.watch`."""
        server = self._slots.of(account)
        if watcher is None:
            self._watches.pop(account, None)
            self._filled[server].pop(account, None)
            return
        watch = self._watches.setdefault(account, _Watch(watcher))
        self._filled[server][account] = watch
        watch.watcher, watch.is_filled = watcher, None
        if server in self._looked:
            self._tell_known(server, account, watch)

    def _tell_known(self, server: Server, account: bytes, watch: _Watch) -> None:
        seen = self._known[server].get(account)
        if seen is None:
            self._empty(account, watch)
            return
        if watch.came is None and seen.came is not None:
            watch.knows(seen.came, seen.last)
        self._take(account, watch, seen.count)

    def _take(self, account: bytes, watch: _Watch, count: int) -> None:
        self._fill(account, watch)
        watch.watcher.came(count)

    def _fill(self, account: bytes, watch: _Watch) -> None:
        watch.is_filled = True
        self._filled[self._slots.of(account)][account] = watch

    def _empty(self, account: bytes, watch: _Watch) -> None:
        if watch.is_filled is not False:
            watch.is_filled = False
            self._filled[self._slots.of(account)].pop(account, None)
            watch.watcher.emptied()

    # Messages of this node

    def begin(self, accounts: Iterable[bytes]) -> None:
        """Messages are on their way into these queues."""
        for account in accounts:
            self._coming[account] = []

    def put(self, account: bytes, stored: int, seen: Seen) -> None:
        """This node has put ``stored`` messages into a queue, which is as ``seen`` now."""
        server, watch = self._slots.of(account), self._watches.get(account)
        count, came = seen.count, seen.came
        if count:
            self._known[server][account] = seen
        if watch is None or came is None:
            return
        watch.changed = seen.serial
        before, is_held = watch.came, self._holds(account)
        if before is not None or not is_held:
            others = count - stored if before is None else came - stored - before
            watch.knows(came, seen.last)
            if others > 0:
                self._take(account, watch, others if is_held else min(others, count))
        if stored:
            self._fill(account, watch)

    def end(self, accounts: Iterable[bytes]) -> None:
        """What was on its way is answered, and the watchers know of it."""
        for account in accounts:
            for told in self._coming.pop(account, ()):
                told()

    def _after(self, account: bytes, told: Callable[[], None]) -> None:
        coming = self._coming.get(account)
        if coming is None:
            told()
        else:
            coming.append(told)

    # What looks tell

    def lost(self, server: Server) -> None:
        """It does not answer: what is known of it may not be so afterwards."""
        known = self._known[server]
        self._known[server] = {name: evolve(seen, came=None) for name, seen in known.items()}
        for account, watch in self._watches.items():
            if self._slots.of(account) is server:
                watch.came = None

    def heard(self, server: Server, look: Look) -> None:
        """A look at ``server`` was answered."""
        known = self._known[server]
        for account, seen in look.queues.items():
            known[account] = Seen(seen.count, seen.came, seen.last, look.serial)
        if look.round is not None:
            self._end_round(server, look.round)
        for account, seen in look.queues.items():
            if account in self._watches:
                self._after(account, partial(self._see, account, seen))

    def _end_round(self, server: Server, ended: Round) -> None:
        """What was not told of was empty."""
        self._looked.add(server)
        known = self._known[server]
        for account in tuple(known):
            if account not in ended.accounts and known[account].serial < ended.serial:
                del known[account]
        for account in tuple(self._filled[server]):
            if account not in ended.accounts:
                self._after(account, partial(self._see_empty, account, ended))

    def missed(self, server: Server) -> None:
        """A look at ``server`` was not answered: what was not told of is believed to be empty."""
        if server not in self._looked:
            self._looked.add(server)
            for account, watch in tuple(self._filled[server].items()):
                self._empty(account, watch)

    def _see(self, account: bytes, seen: QueueSeen) -> None:
        watch = self._watches.get(account)
        if watch is None:
            return
        is_held = self._holds(account)
        if watch.came is None:
            if not is_held:
                watch.knows(seen.came, seen.last)
                self._take(account, watch, seen.count)
            return
        others = max(0, seen.came - watch.came)
        watch.knows(seen.came, seen.last)
        if is_held and others:
            self._take(account, watch, others)
        elif not is_held and (others or (not watch.is_filled and seen.came == watch.came)):
            self._take(account, watch, max(1, min(others, seen.count)))

    def _see_empty(self, account: bytes, ended: Round) -> None:
        watch = self._watches.get(account)
        if watch is not None and ended.serial > watch.changed:
            self._empty(account, watch)

    # What leases tell

    def granted(self, account: bytes, count: int, came: int, last: int) -> None:
        """See `Hears.granted`."""
        self._after(account, partial(self._grant, account, count, came, last))

    def wanted(self, account: bytes) -> None:
        """It is to be let go."""
        self._after(account, partial(self._want, account))

    def _grant(self, account: bytes, count: int, came: int, last: int) -> None:
        watch = self._watches.get(account)
        if watch is None or not self._holds(account):
            return
        # What came since the count was made, and was told before this is.
        count += max(0, (watch.came or 0) - came)
        watch.knows(came, last)
        self._fill(account, watch)
        watch.watcher.granted(count)

    def _want(self, account: bytes) -> None:
        watch = self._watches.get(account)
        if watch is not None and self._holds(account):
            watch.watcher.wanted()
