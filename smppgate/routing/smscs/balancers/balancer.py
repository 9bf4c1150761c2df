"""`Balancer`: what all balancers do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    def share_out(self, count: int, now: float) -> dict[Smsc, int]:
        """Each SMSC with how many it gets of the next ``count`` messages without a key.

        It is as if each were chosen and sent, one after the other; of SMSCs with equal loads it
        may be another. Where there is not room for all they are fewer. Nothing is counted as sent.
        """
        return one_by_one(self.choose, count, now)


def one_by_one(
    choose: Callable[[float, bytes | None, Sequence[Smsc]], Smsc | None],
    count: int,
    now: float,
) -> dict[Smsc, int]:
    """`Balancer.share_out` by ``count`` calls of ``choose``."""
    given: dict[Smsc, int] = {}
    for _ in range(count):
        smsc = choose(now, None, ())
        if smsc is None:
            break
        smsc.outstanding += 1
        given[smsc] = given.get(smsc, 0) + 1
    for smsc, share in given.items():
        smsc.outstanding -= share
    return given
