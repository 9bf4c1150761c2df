"""`Balancer`: what all balancers do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from smppgate.routing.smscs.member import Member
from smppgate.routing.smscs.smsc import Smsc


class Balancer(Protocol):
    """Chooses among members of one pool. It looks at each of them once, and never at links."""

    def arrange(self, members: tuple[Member, ...]) -> None:
        """Choose among these from now on: able ones, in the order of the configuration."""

    def choose(self, now: float, key: bytes | None, tried: Sequence[Smsc]) -> Smsc | None:
        """The SMSC for the next message: one with room, not in ``tried``; None without such.

        :param now: seconds on the monotonic clock.
        :param key: what messages have in common that go to one SMSC; None for a message that may
            go to any.
        """
