"""`Places`: what workers have of something that is limited over all of them, by its name.

That are places of accounts and slots of SMSCs, see `IAdmission`, and connections of an address.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

Full = Callable[[bytes], None]
"""Tells a worker that a session of an account has got no place."""


class Places:
    """Which worker has how many places of which account.

    A worker is known by anything that can be a key, such as its connection: another one after a
    restart. What it had is free when it has gone.
    """

    def __init__(self) -> None:
        self._workers: dict[Hashable, Full] = {}
        # Account → worker → its places. Neither is here without any.
        self._taken: dict[bytes, dict[Hashable, int]] = {}

    def __len__(self) -> int:
        """How many places are taken."""
        return sum(sum(taken.values()) for taken in self._taken.values())

    def join(self, worker: Hashable, full: Full) -> None:
        """``worker`` may ask from now on.

        :param full: is called with each account that it has places of, and of which another
            session has got none.
        """
        self._workers[worker] = full

    def gone(self, worker: Hashable) -> None:
        """``worker`` has ended: all its places are free."""
        self._workers.pop(worker, None)
        for account in list(self._taken):
            self._free(worker, account, self._taken[account].get(worker, 0))

    def admit(self, worker: Hashable, account: bytes, limit: int) -> bool:
        """Whether ``worker`` has got one more place of ``account``, of ``limit`` in all."""
        if worker not in self._workers:
            return False
        taken = self._taken.get(account, {})
        if self.taken(account) >= limit:
            self._tell_full(account, taken)
            return False
        self._taken.setdefault(account, taken)[worker] = taken.get(worker, 0) + 1
        return True

    def leave(self, worker: Hashable, account: bytes) -> None:
        """``worker`` gives back a place; if it has none, nothing happens."""
        self._free(worker, account, 1)

    def taken(self, account: bytes) -> int:
        """How many places of ``account`` all workers have."""
        return sum(self._taken.get(account, {}).values())

    def _tell_full(self, account: bytes, taken: dict[Hashable, int]) -> None:
        for worker in list(taken):
            self._workers[worker](account)

    def _free(self, worker: Hashable, account: bytes, count: int) -> None:
        taken = self._taken.get(account, {})
        left = taken.pop(worker, 0) - count
        if left > 0:
            taken[worker] = left
        if not taken:
            self._taken.pop(account, None)
