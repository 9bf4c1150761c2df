"""`Homing`: messages with keys of one pool whose SMSCs are to be found anew, some in each turn.

Another member is able, or has another weight: then the SMSC of a key may be another, and what
waits for the former one has to wait for that. There may be a hundred thousand of them, and each
costs some 10 µs. So a turn moves a few, those that came first before the others; what comes
meanwhile goes behind. So equal keys keep their order.
"""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace
from itertools import count

from smppgate.gate.submit.room import Room, Waiting

MOST_MOVED = 100
"""Messages whose SMSC is found anew in one turn of the reactor."""

_Line = tuple[int, int, Room, object, object]
"""A serial that the first of a line has, or had; a number that no other has; the room, account
and session of the line."""


class Homing:
    """Lines of rooms whose messages are to move, the one with the oldest message first."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._rooms: dict[Room, None] = {}
        self._number = count()

    def take_in(self, room: Room) -> None:
        """Move all that waits in ``room``; nothing happens where that is known."""
        if room not in self._rooms:
            self._rooms[room] = None
            for waiting in room.queue.heads():
                self._push(room, waiting)

    def joined(self, room: Room, waiting: Waiting) -> None:
        """``waiting`` has come into ``room``, behind all that is to move."""
        self._rooms[room] = None
        if room.queue.first(waiting.account, waiting.session) is waiting:
            self._push(room, waiting)

    def next(self) -> Waiting | None:
        """The oldest of those that are still there; None when none is left."""
        while self._lines:
            serial, _, room, account, session = self._lines[0]
            first = room.queue.first(account, session)
            if first is None:
                heappop(self._lines)
            elif first.serial > serial:
                heapreplace(self._lines, self._line(room, first))
            else:
                return first
        return None

    def _push(self, room: Room, waiting: Waiting) -> None:
        heappush(self._lines, self._line(room, waiting))

    def _line(self, room: Room, first: Waiting) -> _Line:
        return first.serial, next(self._number), room, first.account, first.session
