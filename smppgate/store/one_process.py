"""`OneProcess`: what several processes would have to agree on, where there is only one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred, succeed

from smppgate.store.interface import QueueWatcher


class OneProcess:
    """Parts of `IStore` for a store that no other process uses."""

    is_shared = False
    is_quota_shared = False

    def __init__(self) -> None:
        self._sessions: dict[bytes, int] = {}
        """Account → its sessions; none is 0."""
        self._tell_full: Callable[[bytes], None] = lambda account: None

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

    def lease(self, wanted: Mapping[str, int]) -> None:
        """See `IQuota.lease`."""

    def tell_leased(self, told: Callable[[Mapping[str, int]], None]) -> None:
        """See `IQuota.tell_leased`."""
