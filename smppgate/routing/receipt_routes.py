"""Which session submitted the message that a receipt is for.

Bounded and expiring without a look at single entries: routes are kept in segments by age, only
the youngest of which is written. When it is full or old enough a new one begins, and the oldest
go, one at a time. Segments are small, so that neither their growth nor their end is a pause
(one table of half a million entries takes 20 ms to free).

Keys are octets and values plain integers, both of which Python's cycle collector passes over: a
million routes add nothing to its pauses.
"""

from __future__ import annotations

from collections import deque

from attrs import define, field

SEGMENTS = 64
"""How many segments a full table has. A route that is looked up costs a probe for each segment
that is younger, so those of the latest messages are found first."""


@define
class ReceiptRoutes:
    """What one SMSC took: message_id → the address of the session that submitted.

    :param limit: routes kept; the oldest go, a 64th at a time, when it is reached.
    :param lifetime: seconds a route is kept; up to a 64th longer.
    """

    limit: int
    lifetime: float
    _segments: deque[_Segment] = field(factory=deque, init=False)
    _youngest: dict[bytes, int] = field(factory=dict, init=False)
    _older: int = field(default=0, init=False)
    """Routes in all segments but the youngest."""
    _room: int = field(default=0, init=False)
    """Routes that the youngest segment may have."""
    _until: float = field(default=0.0, init=False)

    def __len__(self) -> int:
        return self._older + len(self._youngest)

    def remember(self, message_id: bytes, address: int, now: float) -> None:
        """A message of ``address`` was taken under ``message_id`` (0 to 64 octets)."""
        youngest = self._youngest
        if len(youngest) >= self._room or now >= self._until:
            youngest = self._begin_segment(now)
        youngest[message_id] = address

    def find(self, message_id: bytes, now: float) -> int | None:
        """Who submitted it; None when nobody is known."""
        for segment in self._segments:
            if segment.expires <= now:
                return None
            address = segment.routes.get(message_id)
            if address is not None:
                return address
        return None

    def _begin_segment(self, now: float) -> dict[bytes, int]:
        self._older += len(self._youngest)
        self._room = max(1, self.limit // SEGMENTS)
        self._until = now + self.lifetime / SEGMENTS
        self._youngest = {}
        self._segments.appendleft(_Segment(self._youngest, self._until + self.lifetime))
        while self._segments[-1].expires <= now or self._older + self._room > self.limit:
            self._older -= len(self._segments.pop().routes)
        return self._youngest


@define
class _Segment:
    routes: dict[bytes, int]
    expires: float
