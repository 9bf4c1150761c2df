"""`EventLog`: the last events that are worth telling an operator."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from attrs import define, field, frozen

from smppgate.txsmpp.clock import Clock

MOST_EVENTS = 1000
"""Events that are kept."""


MOST_A_SECOND = 50
"""Events of one kind in a second: peers make some of them as they like."""


@define
class _Burst:
    """The events of one kind in one second."""

    ends_at: float = float("-inf")
    count: int = 0
    left_out: int = 0

    def admit(self, now: float) -> int | None:
        """How many were left out before this one; None where it is left out too."""
        if now >= self.ends_at:
            self.ends_at, self.count = now + 1.0, 0
        if self.count >= MOST_A_SECOND:
            self.left_out += 1
            return None
        self.count += 1
        left_out, self.left_out = self.left_out, 0
        return left_out


@frozen(kw_only=True)
class LoggedEvent:
    """One event.

    :ivar number: counted from 1; those of one process never go back.
    :ivar time: seconds since 1970.
    :ivar kind: one word, such as ``bound`` or ``ejected``.
    :ivar text: a line for people.
    :ivar fields: what it is about, by ``account``, ``smsc``, ``link``, ``pool``, ``user``,
        ``peer``.
    """

    number: int
    time: float
    kind: str
    text: str
    fields: Mapping[str, str] = field(factory=dict)


class EventLog:
    """The last `MOST_EVENTS` events, and who is told of new ones.

    Of one kind there are `MOST_A_SECOND`; the next that comes in another second says how many were
    left out.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: deque[LoggedEvent] = deque(maxlen=MOST_EVENTS)
        self._number = 0
        self._bursts: dict[str, _Burst] = {}
        self._subscribers: dict[object, Callable[[LoggedEvent], None]] = {}

    @property
    def last_number(self) -> int:
        """The number of the last event; 0 before the first."""
        return self._number

    def tell(self, kind: str, text: str, **fields: str) -> None:
        """Add an event, and tell those who subscribed.

        :param kind: one of a few: each is counted for itself.
        :param text: without control characters.
        """
        left_out = self._bursts.setdefault(kind, _Burst()).admit(self._clock.monotonic())
        if left_out is None:
            return
        if left_out:
            text += f" ({left_out} more of the kind before it)"
        self._number += 1
        event = LoggedEvent(
            number=self._number, time=self._clock.wall(), kind=kind, text=text, fields=fields
        )
        self._events.append(event)
        for callback in tuple(self._subscribers.values()):
            callback(event)

    def since(self, number: int = 0) -> list[LoggedEvent]:
        """The events behind that number that are kept, the oldest first."""
        missing = self._number - number
        if missing <= 0:
            return []
        return list(self._events)[-missing:]

    def subscribe(self, callback: Callable[[LoggedEvent], None]) -> Callable[[], None]:
        """Call ``callback``, which must not raise, with each new event; gives what ends that."""
        key = object()
        self._subscribers[key] = callback

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe
