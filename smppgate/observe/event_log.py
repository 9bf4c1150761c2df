"""`EventLog`: the last events that are worth telling an operator."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from attrs import field, frozen

from smppgate.txsmpp.clock import Clock

MOST_EVENTS = 1000
"""Events that are kept."""


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
    """The last `MOST_EVENTS` events, and who is told of new ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: deque[LoggedEvent] = deque(maxlen=MOST_EVENTS)
        self._number = 0
        self._subscribers: dict[object, Callable[[LoggedEvent], None]] = {}

    @property
    def last_number(self) -> int:
        """The number of the last event; 0 before the first."""
        return self._number

    def tell(self, kind: str, text: str, **fields: str) -> None:
        """Add an event, and tell those who subscribed."""
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
