"""`ReadAhead`: what of a queue is in memory.

A queue lies in the store. Of its messages only the next few hundred are here, and those that are
under way to the ESME. Each is in one state: still to be read, next, under way, or gone: answered,
but perhaps not removed from the store yet. Nothing here does anything: the queue asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from smppgate.store import QueuedMessage

PIECE = 300
"""Messages read from the store at a time: some windows full."""


class ReadAhead:
    """The messages of one queue, in the order of their numbers. Mutable and slotted.

    :ivar piece: how many are read at a time.
    :ivar unread: how many the store is believed to have behind `after`.
    :ivar arriving: how many are on their way into the store.
    :ivar after: the number up to which the store has been read.
    :ivar arrivals: grows with all that goes into the store; `ends` with all that leaves it.
    """

    __slots__ = ("_next", "_under_way", "after", "arrivals", "arriving", "ends", "piece", "unread")

    def __init__(self) -> None:
        self.unread = self.arriving = 0
        self.arrivals = self.ends = 0
        self.after = 0
        self.piece = PIECE
        # A heap: what comes back takes its old place.
        self._next: list[tuple[int, QueuedMessage]] = []
        self._under_way: dict[int, QueuedMessage] = {}

    def __repr__(self) -> str:
        return (
            f"<ReadAhead arriving={self.arriving} unread={self.unread} next={len(self._next)} "
            f"under_way={len(self._under_way)} after={self.after}>"
        )

    @property
    def under_way(self) -> int:
        """How many are sent and not answered."""
        return len(self._under_way)

    @property
    def unsent(self) -> int:
        """How many are kept and not under way."""
        return self.unread + len(self._next)

    @property
    def stored(self) -> int:
        """How many are kept that the ESME has not answered."""
        return self.unsent + len(self._under_way)

    @property
    def is_unread(self) -> bool:
        """Whether nothing is in memory."""
        return not self._next and not self._under_way

    @property
    def lacks(self) -> bool:
        """Whether it is time to read on."""
        return len(self._next) < self.piece // 2 and self.unread > 0

    def arrive(self) -> None:
        """One more is on its way into the store."""
        self.arriving += 1
        self.arrivals += 1

    def arrived(self, stored: bool) -> None:
        """The store has one of these, or could not take it."""
        self.arriving -= 1
        self.arrivals += 1
        self.unread += stored

    def next(self) -> QueuedMessage | None:
        """The first that is to be sent; None when none has been read."""
        return self._next[0][1] if self._next else None

    def send(self) -> QueuedMessage:
        """Take `next`, which is under way from now on.

        :raises IndexError: when there is none.
        """
        number, message = heappop(self._next)
        self._under_way[number] = message
        return message

    def come_back(self, number: int) -> None:
        """It was not answered, and takes its old place."""
        heappush(self._next, (number, self._under_way.pop(number)))

    def end(self, number: int) -> None:
        """What was under way is answered."""
        del self._under_way[number]
        self.ends += 1

    def end_next(self) -> QueuedMessage:
        """Take `next`, which is not to be sent after all.

        :raises IndexError: when there is none.
        """
        self.ends += 1
        return heappop(self._next)[1]

    def end_late(self, number: int) -> bool:
        """One that came back is answered after all; False when it is not here to be ended."""
        left = [entry for entry in self._next if entry[0] != number]
        if len(left) == len(self._next):
            return False
        heapify(left)
        self._next = left
        self.ends += 1
        return True

    def read(self, messages: Iterable[QueuedMessage]) -> None:
        """The store gave what comes behind `after`, in order."""
        for message in messages:
            self.after = message.number
            heappush(self._next, (message.number, message))
            # Less than none are unread where one was read before it was told to have arrived.
            self.unread -= 1

    def correct(self) -> int:
        """All there is has been read: count it. Gives how many had left the store unseen."""
        unseen, self.unread = self.unread, 0
        return unseen

    def forget(self) -> None:
        """Read again from the first on, where that gives nothing that is under way."""
        if not self._under_way:
            self.unread += len(self._next)
            self._next.clear()
            self.after = 0
