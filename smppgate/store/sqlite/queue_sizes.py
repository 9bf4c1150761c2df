"""`QueueSizes`: how many messages each queue has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from smppgate.store.records import Enqueued, NewMessage


class QueueSizes:
    """The messages of each account, those on their way to the disk included."""

    def __init__(self) -> None:
        self._sizes: dict[bytes, int] = {}
        """No account has 0."""

    def begin(self, sizes: Mapping[bytes, int]) -> None:
        """These are on disk, and none is on its way."""
        self._sizes = dict(sizes)

    def admit(
        self, messages: Sequence[NewMessage], leaving: Mapping[bytes, Collection[int]]
    ) -> list[Enqueued]:
        """Which of ``messages`` have room in their queues, STORED or FULL; they are counted.

        :param leaving: the messages of each account that are about to be removed.
        """
        return [self._admit(it, len(leaving.get(it.account, ()))) for it in messages]

    def take_off(self, counts: Mapping[bytes, int]) -> None:
        """So many messages of each account are gone."""
        for account, count in counts.items():
            left = self._sizes.pop(account, 0) - count
            if left > 0:
                self._sizes[account] = left

    def _admit(self, message: NewMessage, leaving: int) -> Enqueued:
        size = self._sizes.get(message.account, 0)
        if size - leaving >= message.limit:
            return Enqueued.FULL
        self._sizes[message.account] = size + 1
        return Enqueued.STORED
