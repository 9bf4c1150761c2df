"""Failed binds by address and system_id, and how long the next one has to wait.

Whoever guesses passwords needs many tries. After a few failures each further bind of the same
system_id from the same address waits twice as long as the one before. A system_id alone is never
made to wait, or any stranger could lock an account out. An address alone waits when binds of
`MOST_NAMES` system_ids have failed from it and no session from it is bound: behind an address with
a bound session may be others, and a balancer.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator

from attrs import define, field

FREE_FAILURES = 3
"""Failures without a wait: an operator may mistype a password."""

FIRST_WAIT = 0.5
"""Seconds of the first wait; it doubles with each failure."""

MOST_NAMES = 10
"""system_ids that may fail from one address without a bound session, before the address waits."""

LIFETIME = 600.0
"""Seconds after the last failure for which failures count."""


@define
class _Failures:
    """Failures of one kind. Mutable.

    :ivar next_at: no bind is judged before that; seconds.
    :ivar names: system_ids that failed, where it is an address's; no more than needed.
    """

    count: int = 0
    last: float = 0.0
    next_at: float = float("-inf")
    names: set[bytes] = field(factory=set)


class Guesses:
    """The failures of all addresses.

    :param limit: seconds of the longest wait; 0 lets no bind wait. A reload may change it.
    :param most: addresses kept, and pairs of address and system_id; the oldest are dropped.
    """

    def __init__(self, limit: float, most: int = 10_000) -> None:
        self.limit = limit
        self._most = most
        # In the order of the last failure, so that those that count no more come first.
        self._pairs: OrderedDict[Hashable, _Failures] = OrderedDict()
        self._addresses: OrderedDict[Hashable, _Failures] = OrderedDict()
        self._bound: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._pairs) + len(self._addresses)

    def wait(
        self, address: str, system_id: bytes, now: float, by: float = float("inf")
    ) -> float | None:
        """Seconds that a bind waits which comes at ``now``; None if it would be too many.

        The bind has its turn then, and the next one waits longer: of many that come at once only
        one is judged at a time. A bind that is not to wait so long takes no turn, or an ESME that
        tries again soon would put its own turn off for ever.

        :param by: the time before which the bind must be judged; seconds.
        """
        if not self.limit:
            return 0.0
        failures = list(self._counting(address, system_id, now))
        turn = max((each.next_at for each in failures), default=now)
        wait = max(0.0, turn - now)
        if wait > self.limit or (wait and now + wait >= by):
            return None
        for each in failures:
            each.next_at = now + wait + self._pause(each.count)
        return wait

    def turn(self, address: str, name: bytes, now: float) -> float:
        """Seconds until the next guess of ``name`` from there is judged; none takes the turn."""
        failures = self._counting(address, name, now) if self.limit else ()
        return max((each.next_at - now for each in failures), default=0.0)

    def forgive(self, address: str, name: bytes) -> None:
        """One was right: earlier failures were mistakes."""
        self._pairs.pop((address, name), None)
        failures = self._addresses.get(address)
        if failures is not None:
            failures.names.discard(name)

    def failed(self, address: str, system_id: bytes, now: float) -> None:
        """A bind was refused for its system_id or password."""
        if not (self.limit and address):
            return
        self._count(self._pairs, (address, system_id), now)
        failures = self._count(self._addresses, address, now)
        if len(failures.names) < MOST_NAMES:
            failures.names.add(system_id)

    def bound(self, address: str, system_id: bytes) -> None:
        """A bind was accepted: earlier failures were mistakes."""
        self.forgive(address, system_id)
        self._bound[address] += 1

    def lost(self, address: str) -> None:
        """A session that was bound has ended."""
        self._bound[address] -= 1
        if self._bound[address] <= 0:
            del self._bound[address]

    def failures(self, address: str, system_id: bytes) -> int:
        """Failures of this system_id from this address, as far as they are kept."""
        found = self._pairs.get((address, system_id))
        return found.count if found is not None else 0

    def _counting(self, address: str, system_id: bytes, now: float) -> Iterator[_Failures]:
        """What a bind has to wait for."""
        pair = self._pairs.get((address, system_id))
        if pair is not None and _counts(pair, now) and pair.count >= FREE_FAILURES:
            yield pair
        failures = self._addresses.get(address)
        if failures is None or not _counts(failures, now) or address in self._bound:
            return
        if len(failures.names) >= MOST_NAMES:
            yield failures

    def _count(
        self, table: OrderedDict[Hashable, _Failures], key: Hashable, now: float
    ) -> _Failures:
        failures = table.get(key)
        if failures is None or not _counts(failures, now):
            failures = table[key] = _Failures()
        table.move_to_end(key)
        if len(table) > self._most:
            table.popitem(last=False)
        failures.count += 1
        failures.last = now
        failures.next_at = max(failures.next_at, now + self._pause(failures.count))
        return failures

    def _pause(self, count: int) -> float:
        """Seconds between two binds after ``count`` failures."""
        if count < FREE_FAILURES:
            return 0.0
        # Bounded, or after a day of failures the power overflows.
        return float(min(self.limit, FIRST_WAIT * 2.0 ** min(count - FREE_FAILURES, 32)))


def _counts(failures: _Failures, now: float) -> bool:
    return now - failures.last < LIFETIME
