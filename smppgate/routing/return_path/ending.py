"""Return paths that end, some time after their final receipt was delivered."""

from __future__ import annotations

from collections import deque

from attrs import define, field


@define
class EndingPaths:
    """Keys of return paths that are to end, in the order in which they will.

    :param grace: seconds from `add` to the end: an SMSC may send a final receipt again.
    :param limit: the most entries kept; beyond it the oldest are due at once.
    """

    grace: float = 60.0
    limit: int = 100_000
    _due: dict[bytes, tuple[float, bytes]] = field(factory=dict, init=False)
    # Has entries of keys that were added again or were told to `stay`, too: only an entry that is
    # in `_due` counts.
    _order: deque[tuple[float, bytes]] = field(factory=deque, init=False)

    def __len__(self) -> int:
        return len(self._due)

    def add(self, key: bytes, now: float) -> None:
        """Let the return path under ``key`` end, `grace` seconds after ``now``."""
        self._due[key] = entry = (now + self.grace, key)
        self._order.append(entry)

    def stay(self, key: bytes) -> None:
        """Keep the return path under ``key``: it is a new message's."""
        self._due.pop(key, None)

    def take(self, now: float, most: int) -> list[bytes]:
        """Take out the keys that are due, in their order, ``most`` of them at most."""
        due, order = self._due, self._order
        taken: list[bytes] = []
        while order and (order[0][0] <= now or len(order) > self.limit) and len(taken) < most:
            entry = order.popleft()
            key = entry[1]
            if due.get(key) is entry:
                del due[key]
                taken.append(key)
        return taken

    @property
    def is_over_limit(self) -> bool:
        """Whether there are more entries than `limit`, so that the oldest are due at once."""
        return len(self._order) > self.limit
