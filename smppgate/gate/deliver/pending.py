"""`Pending`: messages that wait for something, counted in number and in octets."""

from __future__ import annotations

from attrs import define, field

MOST_BEHIND_ANSWERS = 10_000
"""Receipts that wait until the answer with the id of their message is out."""

MOST_OCTETS = 16 << 20
"""Octets of messages that wait for the same kind of thing."""


@define
class Pending:
    """How many messages wait, and of how many octets. Mutable.

    A message of 70 000 octets is no more to its sender than one of 200, but to memory it is.

    :param most: messages at one time.
    :param most_octets: octets of them together.
    """

    most: int
    most_octets: int
    count: int = field(default=0, init=False)
    octets: int = field(default=0, init=False)

    def add(self, octets: int) -> bool:
        """Let one more message of ``octets`` wait; False, and nothing changes, beyond a limit."""
        if self.count >= self.most or self.octets + octets > self.most_octets:
            return False
        self.count += 1
        self.octets += octets
        return True

    def remove(self, octets: int) -> None:
        """A message of ``octets`` waits no more."""
        self.count -= 1
        self.octets -= octets
