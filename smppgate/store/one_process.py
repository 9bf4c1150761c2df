"""`OneProcess`: what several processes would have to agree on, where there is only one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twisted.internet.defer import Deferred, succeed

from smppgate.store.interface import QueueWatcher


class OneProcess:
    """Parts of `IStore` for a store that no other process uses."""

    is_shared = False
    is_quota_shared = False

    def __init__(self) -> None:
        self._sessions: dict[bytes, int] = {}
        """Account → its sessions; none is 0."""
        self._slots: dict[str, int] = {}
        """SMSC → the slots of its links; none is 0."""
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
        sessions = self._sessions.get(account, 0)
        if sessions >= limit:
            self._tell_full(account)
            return succeed(False)
        self._sessions[account] = sessions + 1
        return succeed(True)

    def leave(self, account: bytes) -> None:
        """See `IAdmission.leave`."""
        sessions = self._sessions.pop(account, 0)
        if sessions > 1:
            self._sessions[account] = sessions - 1

    def tell_full(self, told: Callable[[bytes], None]) -> None:
        """See `IAdmission.tell_full`."""
        self._tell_full = told

    def take_slot(self, smsc: str, limit: int) -> Deferred[bool]:
        """See `IAdmission.take_slot`."""
        taken = self._slots.get(smsc, 0)
        if taken < limit:
            self._slots[smsc] = taken + 1
        return succeed(taken < limit)

    def give_slot(self, smsc: str) -> None:
        """See `IAdmission.give_slot`."""
        taken = self._slots.pop(smsc, 0)
        if taken > 1:
            self._slots[smsc] = taken - 1

    def lease(self, wanted: Mapping[str, int]) -> None:
        """See `IQuota.lease`."""

    def tell_leased(self, told: Callable[[Mapping[str, int]], None]) -> None:
        """See `IQuota.tell_leased`."""

    def share_among(self, processes: int) -> None:
        """See `IQuota.share_among`."""
