"""`RetryBudget`: how many messages of a pool may be tried again, so that retries never become a
storm: a pool that is in trouble as a whole would get each message several times over.

The idea and the figures are those of Finagle's `RetryBudget`.
"""

from __future__ import annotations

from attrs import define, field

from smppgate.routing.smscs.recent import Recent

SECONDS = 10
"""What the budget looks back on."""

SHARE = 0.2
"""Of the messages of that time, the part that may be tried again."""

LEAST = 10
"""Retries a second that are allowed in any case."""


@define(eq=False)
class RetryBudget:
    """The retries of one pool. Mutable.

    :ivar refused: messages that were not tried again because it was used up.
    """

    refused: int = 0
    _messages: Recent = field(factory=lambda: Recent(SECONDS), init=False)
    _retries: Recent = field(factory=lambda: Recent(SECONDS), init=False)

    @property
    def most(self) -> float:
        """Retries that the messages of the last seconds allow."""
        return max(LEAST * SECONDS, SHARE * self._messages.total)

    @property
    def retries(self) -> int:
        """Those there were."""
        return self._retries.total

    @property
    def is_left(self) -> bool:
        """Whether one more is allowed."""
        return self._retries.total + 1 <= self.most

    def answered(self, count: int) -> None:
        """So many messages were answered, or not in time."""
        self._messages.add(count)

    def retried(self) -> None:
        """A message is tried again."""
        self._retries.add()

    def step(self) -> None:
        """A second is over."""
        self._messages.step()
        self._retries.step()
