"""Routes whose final receipt was delivered: they end a little later."""

from __future__ import annotations

from itertools import islice

from attrs import define, field

# Looked at in one go: each call adds one route, so what is due never piles up.
_AT_A_TIME = 100


@define
class EndingRoutes:
    """Keys of routes, in the order in which they will end.

    :param grace: seconds that each is kept, should the SMSC send its receipt again.
    :param limit: keys kept; with more, the oldest end at once.
    """

    grace: float = 60.0
    limit: int = 100_000
    _due: dict[bytes, float] = field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._due)

    def add(self, key: bytes, now: float) -> list[bytes]:
        """Let ``key`` end in time; gives those that are to end now."""
        due = self._due
        due.pop(key, None)
        due[key] = now + self.grace
        over = [k for k, at in islice(due.items(), _AT_A_TIME) if at <= now]
        if not over and len(due) > self.limit:
            over = [next(iter(due))]
        for each in over:
            del due[each]
        return over

    def stay(self, key: bytes) -> None:
        """``key`` is the route of a new message now."""
        self._due.pop(key, None)
