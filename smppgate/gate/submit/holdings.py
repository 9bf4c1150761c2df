"""`Holdings`: what waits of each account, in the order in which it came, and its octets."""

from __future__ import annotations

from collections import OrderedDict

from attrs import define, field

from smppgate.gate.submit.room import Waiting


@define(eq=False)
class _Holding:
    """What waits of one account. Mutable."""

    messages: OrderedDict[Waiting, None] = field(factory=OrderedDict)
    octets: int = 0


class Holdings:
    """What waits of each account. ``len()`` is the number of accounts that have something waiting.

    :ivar octets: those of all together.
    """

    def __init__(self) -> None:
        self.octets = 0
        self._accounts: dict[object, _Holding] = {}

    def __len__(self) -> int:
        return len(self._accounts)

    def add(self, waiting: Waiting) -> None:
        """A message waits; one that was sent before came in front of all that wait."""
        holding = self._accounts.get(waiting.account)
        if holding is None:
            holding = self._accounts[waiting.account] = _Holding()
        holding.messages[waiting] = None
        holding.octets += waiting.octets
        self.octets += waiting.octets
        if waiting.exchange.attempts:
            holding.messages.move_to_end(waiting, last=False)

    def remove(self, waiting: Waiting) -> None:
        """A message waits no more."""
        holding = self._accounts[waiting.account]
        del holding.messages[waiting]
        holding.octets -= waiting.octets
        self.octets -= waiting.octets
        if not holding.messages:
            del self._accounts[waiting.account]

    def newest_of_largest(self) -> Waiting:
        """The newest message of the account that has most octets. This looks at all accounts.

        :raises ValueError: when nothing waits.
        """
        largest = max(self._accounts.values(), key=lambda each: each.octets)
        return next(reversed(largest.messages))

    def count_of(self, account: bytes) -> int:
        """Messages of an account."""
        holding = self._accounts.get(account)
        return len(holding.messages) if holding is not None else 0
