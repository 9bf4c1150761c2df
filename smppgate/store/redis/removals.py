"""`Removals`: messages that are done with, on their way out of the queues.

What could not be written is tried again after the next look, until it is: then without waiting for
replicas, of which there may be too few. A failover may undo that, and the message is sent twice;
otherwise the queue would stand still. What is another node's by then is dropped: that one sends
it once more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.notices.store import STORE_MISTAKE
from smppgate.store.records import StoreError
from smppgate.store.redis.names import Names
from smppgate.store.redis.ports import Server, Word
from smppgate.store.redis.script import Script
from smppgate.store.redis.slots import Slots
from smppgate.store.waiters import Waiters
from smppgate.txsmpp.log import Logger

PIECE = 1000
"""Messages removed in one call, or those of one call of `Removals.remove`."""

_REMOVE = Script("remove")


@define(eq=False)
class _Removal:
    """Messages of one account.

    :ivar done: fires when they are gone, or cannot be at present.
    :ivar was_tried: whether they could not be removed before.
    """

    account: bytes
    token: int
    numbers: Sequence[int]
    done: Deferred[None] = field(factory=Deferred)
    was_tried: bool = False

    def fire(self) -> None:
        if not self.done.called:
            self.done.callback(None)


class Removals:
    """Those of this node.

    :param token: gives the token of the lease of an account's queue.
    :ivar dropped: messages that another node had by the time that they could be removed: that one
        sends them once more.
    """

    def __init__(
        self, slots: Slots, names: Names, node: bytes, token: Callable[[bytes], int]
    ) -> None:
        self._slots = slots
        self._token = token
        self._hidden: dict[bytes, set[int]] = {}
        """Account → the messages that are not removed yet. No set is empty."""
        self._settling: dict[bytes, Waiters] = {}
        self._lanes = {server: _Lane(server, names, node, self._gone) for server in slots}
        self.dropped = 0

    def hidden(self, account: bytes) -> Collection[int]:
        """The messages that are to be removed, and may be there yet."""
        return self._hidden.get(account, ())

    def remove(self, account: bytes, numbers: Sequence[int]) -> Deferred[None]:
        """See `IQueues.remove`."""
        lane = self._lanes[self._slots.of(account)]
        if not numbers:
            return succeed(None) if lane.fails else self.settled(account)
        self._hidden.setdefault(account, set()).update(numbers)
        return lane.remove(_Removal(account, self._token(account), numbers))

    def settled(self, account: bytes) -> Deferred[None]:
        """Fires when no removal from the queue of ``account`` is left."""
        if account not in self._hidden:
            return succeed(None)
        return self._settling.setdefault(account, Waiters()).wait()

    def written(self, server: Server) -> Deferred[None]:
        """Fires when all at ``server`` are, or cannot be at present."""
        return self._lanes[server].written()

    def retry(self, server: Server) -> None:
        """It answers: try again what failed."""
        self._lanes[server].retry()

    def _gone(self, removal: _Removal, count: int) -> None:
        """They are removed, or, with a ``count`` below 0, another node's."""
        account = removal.account
        if count < 0:
            self.dropped += len(removal.numbers)
        hidden = self._hidden.get(account, set())
        hidden.difference_update(removal.numbers)
        if not hidden:
            self._hidden.pop(account, None)
        removal.fire()
        if not hidden and account in self._settling:
            self._settling.pop(account).release()


class _Lane:
    """The removals at one server, one call at a time."""

    log = Logger()

    def __init__(
        self, server: Server, names: Names, node: bytes, gone: Callable[[_Removal, int], None]
    ) -> None:
        self.fails = False
        self._server = server
        self._names = names
        self._node = node
        self._gone = gone
        self._waiting: deque[_Removal] = deque()
        self._is_removing = False
        self._idle = Waiters()

    def remove(self, removal: _Removal) -> Deferred[None]:
        """Remove more."""
        self._waiting.append(removal)
        if self.fails:
            removal.fire()
        else:
            self._go_on()
        return removal.done

    def written(self) -> Deferred[None]:
        """Fires when all are gone, or cannot be at present."""
        return self._idle.wait() if self._is_removing else succeed(None)

    def retry(self) -> None:
        """Go on after what failed."""
        self.fails = False
        self._go_on()

    def _go_on(self) -> None:
        if self._is_removing or not self._waiting:
            return
        self._is_removing = True
        removals = self._take()
        keys = [self._names.queues]
        words: list[Word] = [self._node]
        for it in removals:
            keys += self._keys(it.account)
            words += _words(it)
        was_tried = any(it.was_tried for it in removals)
        run = self._server.run if was_tried else self._server.run_safely
        asking = run(_REMOVE, keys, words)
        asking.addCallbacks(self._removed, self._failed, (removals,), errbackArgs=(removals,))

    def _take(self) -> list[_Removal]:
        """The next that go together."""
        removals = [self._waiting.popleft()]
        count = len(removals[0].numbers)
        while self._waiting and count < PIECE:
            removals.append(self._waiting.popleft())
            count += len(removals[-1].numbers)
        return removals

    def _keys(self, account: bytes) -> tuple[bytes, bytes, bytes]:
        names = self._names
        return names.messages(account), names.expiries(account), names.claim(account)

    def _removed(self, counts: list[int], removals: list[_Removal]) -> None:
        self._is_removing = False
        for removal, count in zip(removals, counts, strict=True):
            self._gone(removal, count)
        self._go_on()
        if not self._is_removing:
            self._idle.release()

    def _failed(self, failure: Failure, removals: list[_Removal]) -> None:
        self._is_removing, self.fails = False, True
        for removal in removals:
            removal.was_tried = True
        self._waiting.extendleft(reversed(removals))
        for removal in tuple(self._waiting):
            removal.fire()
        self._idle.release()
        if not failure.check(StoreError):
            self.log.tell_failure(STORE_MISTAKE, failure)


def _words(removal: _Removal) -> list[Word]:
    return [removal.account, removal.token, len(removal.numbers), *removal.numbers]
