"""`Watches`: what the gate has heard of each queue that it watches, and what it is told.

A server counts the messages that ever came into a queue. What of these this node has put in itself
it knows when that is answered; the rest others have. So while messages of this node are on their
way into a queue, all else that is told of it waits until they are answered.

After a server was not reached, another one may have taken its place, which does not have all. Then
a queue is told of anew; one that is this node's is let go and claimed again, see `Leases.shake`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from attrs import define

from smppgate.store.interface import QueueWatcher
from smppgate.store.redis.ports import Server
from smppgate.store.redis.presence import Look, QueueSeen
from smppgate.store.redis.slots import Slots


@define(eq=False)
class _Watch:
    """One queue.

    :ivar came: of the messages that ever came into it, up to which the watcher knows of them; None
        where that is not known.
    :ivar is_filled: whether the watcher believes that it has messages; None where it was not told.
    :ivar changed: the last look that was sent before messages of this node came into it.
    """

    watcher: QueueWatcher
    came: int | None = None
    is_filled: bool | None = None
    changed: int = 0


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
        self._known: dict[Server, dict[bytes, tuple[int, int]]] = {server: {} for server in slots}
        """What the last look has seen: account → messages, and how many ever came."""
        self._looked: set[Server] = set()
        """The servers of which a first look was answered, or not."""
        self._coming: dict[bytes, list[Callable[[], None]]] = {}
        """Account → what is to be told when messages on their way are answered."""

    def __len__(self) -> int:
        """The messages of all queues, as the last looks have seen them."""
        return sum(count for known in self._known.values() for count, _ in known.values())

    def has_messages(self, account: bytes) -> bool:
        """Whether the queue of ``account`` has any, as far as is known."""
        return account in self._known[self._slots.of(account)]

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
        count, came = self._known[server].get(account, (0, None))
        if not count:
            self._empty(account, watch)
            return
        watch.came = came if watch.came is None else watch.came
        self._take(account, watch, count)

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

    def put(self, account: bytes, stored: int, count: int, came: int, serial: int) -> None:
        """This node has put ``stored`` messages into a queue, which has ``count`` now.

        :param serial: of the last look that was sent.
        """
        server, watch = self._slots.of(account), self._watches.get(account)
        if count:
            self._known[server][account] = count, came
        if watch is None:
            return
        watch.changed = serial
        before = watch.came
        others = count - stored if before is None else came - stored - before
        watch.came = max(came, before or 0)
        if others > 0 and not (before is None and self._holds(account)):
            self._take(account, watch, others if self._holds(account) else min(others, count))
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
        for account, watch in self._watches.items():
            if self._slots.of(account) is server:
                watch.came = None

    def heard(self, server: Server, look: Look) -> None:
        """A look at ``server`` was answered."""
        self._looked.add(server)
        queues = look.queues
        self._known[server] = {name: (seen.count, seen.came) for name, seen in queues.items()}
        for account in tuple(self._filled[server]):
            if account not in queues:
                self._after(account, partial(self._see_empty, account, look))
        for account, seen in queues.items():
            if account in self._watches:
                self._after(account, partial(self._see, account, seen))

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
            watch.came = None if is_held else seen.came
            if not is_held:
                self._take(account, watch, seen.count)
            return
        others, watch.came = max(0, seen.came - watch.came), max(seen.came, watch.came)
        if is_held and others:
            self._take(account, watch, others)
        elif not is_held and (others or (not watch.is_filled and seen.came == watch.came)):
            self._take(account, watch, max(1, min(others, seen.count)))

    def _see_empty(self, account: bytes, look: Look) -> None:
        watch = self._watches.get(account)
        if watch is not None and look.serial > watch.changed:
            self._empty(account, watch)

    # What leases tell

    def granted(self, account: bytes, count: int, came: int) -> None:
        """The queue is this node's, with ``count`` messages when ``came`` ever had come."""
        self._after(account, partial(self._grant, account, count, came))

    def wanted(self, account: bytes) -> None:
        """It is to be let go."""
        self._after(account, partial(self._want, account))

    def _grant(self, account: bytes, count: int, came: int) -> None:
        watch = self._watches.get(account)
        if watch is None or not self._holds(account):
            return
        # What came since the count was made, and was told before this is.
        count += max(0, (watch.came or 0) - came)
        watch.came = max(came, watch.came or 0)
        self._fill(account, watch)
        watch.watcher.granted(count)

    def _want(self, account: bytes) -> None:
        watch = self._watches.get(account)
        if watch is not None and self._holds(account):
            watch.watcher.wanted()
