"""`Reads`: reads of queues that are under way while messages are removed."""

from __future__ import annotations

from collections.abc import Collection


class Reads:
    """The reads under way, and the numbers of messages that each must not return."""

    def __init__(self) -> None:
        self._reads: list[tuple[bytes, set[int]]] = []

    def begin(self, account: bytes, hidden: Collection[int] = ()) -> set[int]:
        """A read of the queue of ``account`` begins; gives the numbers that it must not return.

        They are ``hidden``, and more that `hide` adds until `end`.
        """
        numbers = set(hidden)
        self._reads.append((account, numbers))
        return numbers

    def hide(self, account: bytes, numbers: Collection[int]) -> None:
        """No read of the queue of ``account`` is to return these."""
        for name, hidden in self._reads:
            if name == account:
                hidden.update(numbers)

    def end(self, numbers: set[int]) -> None:
        """The read that was given ``numbers`` is over."""
        self._reads = [read for read in self._reads if read[1] is not numbers]
