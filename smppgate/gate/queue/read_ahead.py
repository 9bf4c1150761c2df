"""`ReadAhead`: the part of a queue that is in memory.

A queue lies in the store. In memory are the next few hundred of its messages, and those that are
under way to the ESME. A message is in one of four states: unread, next, under way, or ended. An
ended message is answered or expired; the store may still have it for a moment. `ReadAhead` only
keeps account: `AccountQueue` and `QueueSender` store, read, send and remove.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from smppgate.store import QueuedMessage

READ_SIZE = 300
"""Messages read from the store at a time: some windows full."""


class ReadAhead:
    """The messages of one queue, in the order of their numbers. Mutable and slotted.

    :ivar read_size: messages to read at a time.
    :ivar unread: messages that the store is believed to have behind `after`.
    :ivar arriving: messages on their way into the store.
    :ivar after: the number up to which the store has been read.
    :ivar arrivals: grows with each message that goes into the store.
    :ivar ends: grows with each message that ends.
    """

    __slots__ = (
        "_next",
        "_under_way",
        "after",
        "arrivals",
        "arriving",
        "ends",
        "read_size",
        "unread",
    )

    def __init__(self) -> None:
        self.unread = self.arriving = 0
        self.arrivals = self.ends = 0
        self.after = 0
        self.read_size = READ_SIZE
        # A heap: a message that is put back takes its old place.
        self._next: list[tuple[int, QueuedMessage]] = []
        self._under_way: dict[int, QueuedMessage] = {}

    def __repr__(self) -> str:
        return (
            f"<ReadAhead arriving={self.arriving} unread={self.unread} next={len(self._next)} "
            f"under_way={len(self._under_way)} after={self.after}>"
        )

    @property
    def under_way(self) -> int:
        """Messages that are sent and not answered."""
        return len(self._under_way)

    @property
    def unsent(self) -> int:
        """Messages that are stored and not under way."""
        return self.unread + len(self._next)

    @property
    def stored(self) -> int:
        """Messages that are stored and not ended."""
        return self.unsent + len(self._under_way)

    @property
    def is_unread(self) -> bool:
        """Whether no message is in memory."""
        return not self._next and not self._under_way

    @property
    def needs_reading(self) -> bool:
        """Whether it is time to read on: less than half of `read_size` is left in memory."""
        return len(self._next) < self.read_size // 2 and self.unread > 0

    def arrive(self) -> None:
        """One more message is on its way into the store."""
        self.arriving += 1
        self.arrivals += 1

    def arrived(self, stored: bool) -> None:
        """The store has one of the arriving messages; with ``stored`` false it could not be."""
        self.arriving -= 1
        self.arrivals += 1
        self.unread += stored

    def begin(self, count: int) -> None:
        """The store has ``count`` messages, all of which are this process's to send."""
        self.unread = count
        self.arrivals += 1

    def add(self, count: int) -> None:
        """Another process has put ``count`` messages into the store."""
        self.unread += count
        self.arrivals += 1

    def let_go(self) -> None:
        """Another process sends what is in the store; nothing is under way from here."""
        self.forget()
        self.begin(0)

    def next(self) -> QueuedMessage | None:
        """The first message to send; None when none has been read."""
        return self._next[0][1] if self._next else None

    def send(self) -> QueuedMessage:
        """Take the message of `next`, which is under way from now on.

        :raises IndexError: when there is none.
        """
        number, message = heappop(self._next)
        self._under_way[number] = message
        return message

    def put_back(self, number: int) -> None:
        """A message under way was not taken: it is to be sent again, in its old place."""
        heappush(self._next, (number, self._under_way.pop(number)))

    def end(self, number: int) -> QueuedMessage:
        """A message under way is answered; gives it."""
        self.ends += 1
        return self._under_way.pop(number)

    def end_next(self) -> QueuedMessage:
        """Take the message of `next`, which is not to be sent after all.

        :raises IndexError: when there is none.
        """
        self.ends += 1
        return heappop(self._next)[1]

    def end_late(self, number: int) -> bool:
        """A message that was put back is answered; False when it is not among those to send."""
        left = [entry for entry in self._next if entry[0] != number]
        if len(left) == len(self._next):
            return False
        heapify(left)
        self._next = left
        self.ends += 1
        return True

    def has_read(self, number: int) -> bool:
        """Whether a stored message is in memory, or was and has ended."""
        return number <= self.after

    def discard(self, number: int) -> bool:
        """A stored message is not to be sent after all; False where it is under way."""
        if number in self._under_way:
            return False
        if not self.has_read(number):
            self.unread -= 1
            self.ends += 1
            return True
        return self.end_late(number)

    def read(self, messages: Iterable[QueuedMessage]) -> None:
        """The store gave what comes behind `after`, in order."""
        for message in messages:
            self.after = message.number
            heappush(self._next, (message.number, message))
            # Below zero for a moment where a message is read before `arrived` counts it.
            self.unread -= 1

    def all_read(self) -> int:
        """The store has nothing behind `after`. Gives how many messages left it without a read."""
        left, self.unread = self.unread, 0
        return left

    def forget(self) -> None:
        """Read again from the first message on; while any is under way this changes nothing."""
        if not self._under_way:
            self.unread += len(self._next)
            self._next.clear()
            self.after = 0
