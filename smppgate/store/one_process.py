"""`OneProcess`: what several processes would have to agree on, where there is only one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twisted.internet.defer import Deferred, succeed


class OneProcess:
    """Parts of `IStore` for a store that no other process uses."""

    def __init__(self) -> None:
        self._sessions: dict[bytes, int] = {}
        """Account → its sessions; none is 0."""

    def find_beside(self, keys: Sequence[bytes]) -> Deferred[Mapping[bytes, bytes]]:
        """See `IReturnPaths.find_beside`."""
        return succeed({})

    def claim(self, account: bytes) -> Deferred[bool]:
        """See `IQueues.claim`."""
        return succeed(True)

    def release(self, account: bytes) -> None:
        """See `IQueues.release`."""

    def watch(self, account: bytes, came: Callable[[], None] | None) -> None:
        """See `IQueues.watch`."""

    def admit(self, account: bytes, limit: int) -> Deferred[bool]:
        """See `IAdmission.admit`."""
        sessions = self._sessions.get(account, 0)
        if sessions >= limit:
            return succeed(False)
        self._sessions[account] = sessions + 1
        return succeed(True)

    def leave(self, account: bytes) -> None:
        """See `IAdmission.leave`."""
        sessions = self._sessions.pop(account, 0)
        if sessions > 1:
            self._sessions[account] = sessions - 1

    def lease(self, name: str, wanted: int) -> Deferred[int]:
        """See `IQuota.lease`."""
        return succeed(wanted)
