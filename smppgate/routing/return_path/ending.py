"""Return paths whose final receipt was delivered: they end a little later."""

from __future__ import annotations

from collections import deque

from attrs import define, field


@define
class EndingPaths:
    """Keys of return paths, in the order in which they will end.

    :param grace: seconds that each is kept, should the SMSC send its receipt again.
    :param limit: keys kept; with more, the oldest end at once.
    """

    grace: float = 60.0
    limit: int = 100_000
    _due: dict[bytes, tuple[float, bytes]] = field(factory=dict, init=False)
    # With those that `stay`, or were added again: what counts is the one that `_due` has.
    _order: deque[tuple[float, bytes]] = field(factory=deque, init=False)

    def __len__(self) -> int:
        return len(self._due)

    def add(self, key: bytes, now: float) -> None:
        """Let ``key`` end in time."""
        self._due[key] = entry = (now + self.grace, key)
        self._order.append(entry)

    def stay(self, key: bytes) -> None:
        """``key`` is the return path of a new message now."""
        self._due.pop(key, None)

    def take(self, now: float, most: int) -> list[bytes]:
        """Take out the keys whose time has come, ``most`` of them at most."""
        due, order = self._due, self._order
        over: list[bytes] = []
        while order and (order[0][0] <= now or len(order) > self.limit) and len(over) < most:
            entry = order.popleft()
            key = entry[1]
            if due.get(key) is entry:
                del due[key]
                over.append(key)
        return over

    @property
    def is_over_limit(self) -> bool:
        """Whether some are to end although their time has not come."""
        return len(self._order) > self.limit
