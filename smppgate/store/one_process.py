"""`OneProcess`: what several processes would have to agree on, where there is only one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from twisted.internet.defer import Deferred, succeed

from smppgate.store.interface import QueueWatcher


class OneProcess:
    """Parts of `IStore` for a store that no other process uses."""

    is_shared = False
    is_quota_shared = False

    def __init__(self) -> None:
        self._places = _Counts()
        """Those of accounts."""
        self._slots = _Counts()
        """Those of SMSCs."""
        self._tell_full: Callable[[bytes], None] = lambda account: None

    def find_beside(self, keys: Sequence[bytes]) -> Deferred[Mapping[bytes, bytes]]:
        """See `IReturnPaths.find_beside`."""
        return succeed({})

    def claim(self, account: bytes, rank: int) -> None:
        """See `IQueues.claim`."""

    def release(self, account: bytes) -> None:
        """See `IQueues.release`."""

    def watch(self, account: bytes, watcher: QueueWatcher | None) -> None:
        """See `IQueues.watch`."""

    def admit(self, account: bytes, limit: int) -> Deferred[bool]:
        """See `IAdmission.admit`."""
        has_place = self._places.take(account, limit)
        if not has_place:
            self._tell_full(account)
        return succeed(has_place)

    def leave(self, account: bytes) -> None:
        """See `IAdmission.leave`."""
        self._places.give(account)

    def tell_full(self, told: Callable[[bytes], None]) -> None:
        """See `IAdmission.tell_full`."""
        self._tell_full = told

    def take_slot(self, smsc: str, limit: int) -> Deferred[bool]:
        """See `IAdmission.take_slot`."""
        return succeed(self._slots.take(smsc, limit))

    def give_slot(self, smsc: str) -> None:
        """See `IAdmission.give_slot`."""
        self._slots.give(smsc)

    def lease(self, wanted: Mapping[str, int]) -> None:
        """See `IQuota.lease`."""

    def tell_leased(self, told: Callable[[Mapping[str, int]], None]) -> None:
        """See `IQuota.tell_leased`."""

    def share_among(self, processes: int) -> None:
        """See `IQuota.share_among`."""


class _Counts:
    """How many are taken of each name. ``len()``: of all."""

    def __init__(self) -> None:
        # None is 0.
        self._taken: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return sum(self._taken.values())

    def take(self, name: Hashable, limit: int) -> bool:
        """Take one more of ``name``, if there are under ``limit``; gives whether that is so."""
        taken = self._taken.get(name, 0)
        if taken < limit:
            self._taken[name] = taken + 1
        return taken < limit

    def give(self, name: Hashable) -> None:
        """Give one back, if any is taken."""
        taken = self._taken.pop(name, 0)
        if taken > 1:
            self._taken[name] = taken - 1
