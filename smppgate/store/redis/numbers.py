"""`RedisNumbers`: numbers that no node gives out twice: see `INumbers`."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from smppgate.store.redis.names import Names
from smppgate.store.redis.script import Script
from smppgate.store.redis.slots import Slots

_NUMBERS = Script("numbers")


class RedisNumbers:
    """Reserves numbers of the one server that has them.

    Where the server has none they go on from the milliseconds since 1970: it may have lost those
    that were given out.
    """

    def __init__(self, servers: Slots, names: Names) -> None:
        self._server = servers.of(names.numbers)
        self._key = names.numbers
        self._last = 0
        """The last that this node knows of."""

    def reserve_numbers(self, count: int) -> Deferred[int]:
        """See `INumbers.reserve_numbers`."""
        asking: Deferred[int] = self._server.run_safely(_NUMBERS, [self._key], [count, self._last])
        return asking.addCallback(self._reserved, count)

    def _reserved(self, first: int, count: int) -> int:
        self._last = max(self._last, first + count - 1)
        return first
