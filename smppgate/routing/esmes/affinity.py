"""Which session got the first part of a long message: the others follow it there.

A phone's message in parts makes sense only to whoever gets all of them. Kept for a short time and
in small numbers; a part that is too late goes where any message would.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Ending(Protocol):
    """Something that ends."""

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""


E = TypeVar("E", bound=Ending)


class Affinity(Generic[E]):
    """Messages in parts → the session that has the first of them.

    A key is whatever the parts of one message have in common, and other messages have not:
    source, destination, reference and number of parts.

    :param limit: messages known at one time; beyond it the oldest are forgotten.
    :param lifetime: seconds that a message is known after `put`.
    """

    def __init__(self, limit: int = 10_000, lifetime: float = 300.0) -> None:
        self._limit = limit
        self._lifetime = lifetime
        # In the order of their end, which is that of their beginning.
        self._known: OrderedDict[Hashable, tuple[E, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Hashable, now: float) -> E | None:
        """The session for the next part; None when it has ended, or none is known."""
        known = self._known.get(key)
        if known is None:
            return None
        session, until = known
        if now < until and not session.has_ended:
            return session
        del self._known[key]
        return None

    def put(self, key: Hashable, session: E, now: float) -> None:
        """``session`` gets the first part; one known for ``key`` before is forgotten."""
        known = self._known
        known[key] = (session, now + self._lifetime)
        known.move_to_end(key)
        if len(known) > self._limit:
            known.popitem(last=False)
        # Two for each that comes: what is overdue goes, and no one message waits for all of it.
        for _ in range(2):
            if known and next(iter(known.values()))[1] <= now:
                known.popitem(last=False)
