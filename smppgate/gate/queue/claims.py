"""`QueueClaims`: which queues are this process's, where several processes share a store.

The life of a queue in one of them:

1. Each process that has the queue watches it and asks for the claim. The store lets the one come
   first where sessions receive, and rather where they are bound than where only peers have them.
2. Without the claim messages go into the queue, behind all that are known to be there
   (`AccountQueue.holds`), and none are sent from it.
3. With the claim the queue is counted, sent, dropped and seen to expire here, and an ESME is asked
   here to bind. What other processes put in is told, and follows.
4. A process that is asked to let go sends nothing more; when nothing is under way to the ESME it
   lets go, and asks again behind the others. When it ends, the next has the claim at once, and
   sends what was not answered again.

In one process nothing of that is asked, and all queues are its own from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from smppgate.store import IStore


class Claimed(Protocol):
    """A queue that is this process's while it has the claim."""

    name: bytes
    """The system_id of the account."""

    @property
    def rank(self) -> int:
        """How well its messages can be sent from here, see `IQueues.claim`."""

    @property
    def under_way(self) -> int:
        """Messages sent that the ESME has not answered."""

    def share(self) -> None:
        """It is not this process's, until `begin`."""

    def begin(self, count: int) -> None:
        """It is this process's, and has ``count`` messages."""

    def came(self, count: int) -> None:
        """Other processes have put ``count`` messages into it."""

    def emptied(self) -> None:
        """It has no message."""

    def pause(self) -> None:
        """Send nothing more."""

    def let_go(self) -> None:
        """It is not this process's any more; nothing is under way."""


class Claim:
    """The claim to one queue, had or asked for; hears of the queue, see `QueueWatcher`.

    :param settle: gives the store what is to be removed.
    """

    def __init__(self, queue: Claimed, store: IStore, settle: Callable[[], None]) -> None:
        self._queue = queue
        self._store = store
        self._settle = settle
        self._rank = 0
        self._is_held = self._is_leaving = self._rests = False

    def begin(self, rests: bool) -> None:
        """Watch the queue, and ask for it unless it ``rests``."""
        self._rests = rests
        self._queue.share()
        self._store.watch(self._queue.name, self)
        if not rests:
            self._ask()

    def look(self) -> None:
        """Sessions have come or gone: the queue may be wanted here more than before, or less."""
        if self._queue.rank != self._rank and not self._rests:
            self._ask()

    def rest(self) -> None:
        """Let go as soon as nothing is under way, and do not ask again."""
        if self._rests:
            return
        self._rests = True
        if self._is_held:
            self.wanted()
        else:
            self._store.release(self._queue.name)

    def go_on(self) -> None:
        """Ask again after `rest`: at once, or when it was let go."""
        self._rests = False
        if self._is_leaving:
            self._queue.pause()
        elif not self._is_held:
            self._ask()

    def end(self) -> None:
        """The queue is no more here; nothing of it is under way."""
        self._rests = True
        if self._is_held:
            self._let_go()
        else:
            self._store.release(self._queue.name)
        self._store.watch(self._queue.name, None)

    def came_back(self) -> None:
        """A message may be under way no longer."""
        if self._is_leaving and not self._queue.under_way:
            self._let_go()

    # `QueueWatcher`

    def came(self, count: int) -> None:
        """Other processes have put ``count`` messages into it."""
        self._queue.came(count)

    def emptied(self) -> None:
        """There is no message in it."""
        self._queue.emptied()

    def granted(self, count: int) -> None:
        """It is this process's."""
        if not self._rests:
            self._is_held = True
            self._queue.begin(count)

    def wanted(self) -> None:
        """Let it go soon."""
        if self._is_held:
            self._is_leaving = True
            self._queue.pause()
            self.came_back()

    # Parts of that

    def _ask(self) -> None:
        self._rank = self._queue.rank
        self._store.claim(self._queue.name, self._rank)

    def _let_go(self) -> None:
        self._is_held = self._is_leaving = False
        self._queue.let_go()
        # What the ESME has answered must be gone before another process reads the queue.
        self._settle()
        self._store.release(self._queue.name)
        # While it was this process's, the counts here went before what the store told.
        self._store.watch(self._queue.name, self)
        if not self._rests:
            self._ask()


class QueueClaims:
    """The claims of this process; none where it shares its store with no other.

    :param settle: gives the store what is to be removed.
    """

    def __init__(self, store: IStore, settle: Callable[[], None]) -> None:
        self._store = store
        self._settle = settle
        self._claims: dict[bytes, Claim] = {}
        self._rest = False

    @property
    def are_needed(self) -> bool:
        """Whether queues have to be claimed."""
        return self._store.is_shared

    def begin(self, queue: Claimed) -> None:
        """Ask for the claim to ``queue``, once."""
        if queue.name not in self._claims:
            self._claims[queue.name] = claim = Claim(queue, self._store, self._settle)
            claim.begin(self._rest)

    def look(self, queue: Claimed) -> None:
        """Sessions of the account of ``queue`` have come or gone."""
        claim = self._claims.get(queue.name)
        if claim is not None:
            claim.look()

    def came_back(self, account: bytes) -> None:
        """A message of the queue of ``account`` may be under way no longer."""
        claim = self._claims.get(account)
        if claim is not None:
            claim.came_back()

    def rest(self, queue: Claimed) -> None:
        """Let ``queue`` go as soon as nothing of it is under way."""
        claim = self._claims.get(queue.name)
        if claim is not None:
            claim.rest()

    def rest_all(self) -> None:
        """Let all go, as soon as nothing of theirs is under way; ask for none any more."""
        self._rest = True
        for claim in self._claims.values():
            claim.rest()

    def go_on(self, queue: Claimed) -> None:
        """Ask for ``queue`` again, after `rest`."""
        claim = self._claims.get(queue.name)
        if claim is not None and not self._rest:
            claim.go_on()

    def end(self, queue: Claimed) -> None:
        """There is no such queue any more."""
        claim = self._claims.pop(queue.name, None)
        if claim is not None:
            claim.end()
