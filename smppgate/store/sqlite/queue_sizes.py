"""`QueueSizes`: how many messages each queue has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from smppgate.store.records import Enqueued, NewMessage


class QueueSizes:
    """The messages of each account, those on their way to the disk included."""

    def __init__(self) -> None:
        self._sizes: dict[bytes, int] = {}
        """No account has 0."""
        self._coming: dict[bytes, int] = {}
        """Those of them that are on their way. No account has 0."""

    def begin(self, sizes: Mapping[bytes, int]) -> list[bytes]:
        """These are on disk, and none is on its way; gives the accounts that have none now."""
        before, self._sizes, self._coming = self._sizes, dict(sizes), {}
        return [account for account in before if account not in self._sizes]

    def stored(self, account: bytes) -> int:
        """The messages of an account that are on disk."""
        return self._sizes.get(account, 0) - self._coming.get(account, 0)

    def admit(
        self, messages: Sequence[NewMessage], leaving: Mapping[bytes, Collection[int]]
    ) -> list[Enqueued]:
        """Which of ``messages`` have room in their queues, STORED or FULL; they are counted.

        :param leaving: the messages of each account that are about to be removed.
        """
        return [self._admit(it, len(leaving.get(it.account, ()))) for it in messages]

    def arrived(self, counts: Mapping[bytes, int]) -> None:
        """So many messages of each account are on their way no longer."""
        _subtract(self._coming, counts)

    def take_off(self, counts: Mapping[bytes, int]) -> list[bytes]:
        """So many messages of each account are gone; gives the accounts that have none now."""
        return _subtract(self._sizes, counts)

    def _admit(self, message: NewMessage, leaving: int) -> Enqueued:
        account = message.account
        size = self._sizes.get(account, 0)
        if size - leaving >= message.limit:
            return Enqueued.FULL
        self._sizes[account] = size + 1
        self._coming[account] = self._coming.get(account, 0) + 1
        return Enqueued.STORED


def _subtract(table: dict[bytes, int], counts: Mapping[bytes, int]) -> list[bytes]:
    """Take ``counts`` off; gives the keys that are gone by that."""
    gone: list[bytes] = []
    for key, count in counts.items():
        before = table.pop(key, 0)
        if before > count:
            table[key] = before - count
        elif before:
            gone.append(key)
    return gone
