"""The sessions that got the first parts of long messages: later parts go to the same session.

An ESME can put a long message together only if one session gets all of its parts. Entries are kept
for a short time and in small numbers; a part that comes later goes where any message would.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Session(Protocol):
    """What affinity needs to know of a session."""

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""


S = TypeVar("S", bound=Session)


class Affinity(Generic[S]):
    """Long message → the session that got its first part.

    A key is what the parts of one message have in common and no other message has: source,
    destination, reference and number of parts.

    :param limit: the most messages kept at one time; beyond it the oldest is dropped.
    :param lifetime: seconds that a message is kept after `put`.
    """

    def __init__(self, limit: int = 10_000, lifetime: float = 300.0) -> None:
        self._limit = limit
        self._lifetime = lifetime
        # In the order in which the entries were put, which is that in which their time is over.
        self._known: OrderedDict[Hashable, tuple[S, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Hashable, now: float) -> S | None:
        """The session for the next part; None when it has ended or none is kept."""
        known = self._known.get(key)
        if known is None:
            return None
        session, until = known
        if now < until and not session.has_ended:
            return session
        del self._known[key]
        return None

    def put(self, key: Hashable, session: S, now: float) -> None:
        """Keep ``session``, which gets the first part, in place of any other under ``key``."""
        known = self._known
        known[key] = (session, now + self._lifetime)
        known.move_to_end(key)
        if len(known) > self._limit:
            known.popitem(last=False)
        # Two overdue entries at most go for each one put: no message waits for the removal of
        # many, and all of them go in time.
        for _ in range(2):
            if known and next(iter(known.values()))[1] <= now:
                known.popitem(last=False)
