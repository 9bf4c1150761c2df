"""What the gates of a world have together: places of accounts and rates, and what holds of them.

Over all gates there are never more sessions of an account than ``max_binds``, and when all is
quiet as many as ESMEs want to have. No more messages reach the SMSC than the rates of accounts,
and its own, let through: but for a block, and a message of each gate.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from attrs import frozen

from smppgate.gate.submit.rate_shares import BLOCK
from smppgate.workers.places import Places

if TYPE_CHECKING:
    from tests.simulation.nodes.models import Message
    from tests.simulation.nodes.world import NodesWorld

QUIET = 30.0
"""Seconds in which all places are taken again that ESMEs want to have."""


@frozen
class SharedPlan:
    """What one seed decides of it.

    :param max_binds: of each account.
    :param rate: messages a second of each account; 0 for any number.
    :param smsc_rate: messages a second to the SMSC; 0 for any number.
    :param delay: seconds from a gate to the store, and back, on the average.
    """

    max_binds: int
    rate: int
    over_rate: str
    smsc_rate: int
    delay: float

    @classmethod
    def of(cls, draw: Random) -> SharedPlan | None:
        """None: each gate has its own."""
        if draw.random() < 0.3:
            return None
        return cls(
            draw.choice((1, 2, 4)),
            draw.choice((0, 3, 10)),
            draw.choice(("delay", "reject")),
            draw.choice((0, 0, 8)),
            draw.choice((0.0005, 0.05)),
        )

    @property
    def of_account(self) -> str:
        """Settings of each account."""
        rate = f'rate = {self.rate}\nover_rate = "{self.over_rate}"\n' if self.rate else ""
        return f"max_binds = {self.max_binds}\n{rate}"

    @property
    def of_smsc(self) -> str:
        """Settings of the SMSC."""
        return f"rate = {self.smsc_rate}\n" if self.smsc_rate else ""


class Shared:
    """The rules of what the gates of one world have together.

    :param places: those that are taken.
    """

    def __init__(self, world: NodesWorld, plan: SharedPlan, places: Places) -> None:
        self.world, self.plan, self.places = world, plan, places
        # When messages have come to the SMSC: of each account, and of all.
        self._taken: dict[str, list[float]] = {"": []}

    def took(self, message: Message) -> None:
        """The SMSC has got a message."""
        plan, now = self.plan, self.world.clock.now
        self._taken[""].append(now)
        self._taken.setdefault(message.account, []).append(now)
        if plan.smsc_rate:
            self._check_rate("", plan.smsc_rate, max(1.0, plan.smsc_rate / 10))
        if plan.rate:
            self._check_rate(message.account, plan.rate, plan.rate)

    def _check_rate(self, account: str, rate: float, burst: float) -> None:
        """Since the beginning; and in the last seconds, where no wire holds messages up."""
        times = self._taken[account]
        now, world = times[-1], self.world
        spare = burst + rate * BLOCK + len(world.nodes)
        late = 10 * (world.plan.weather.latency + world.plan.weather.jitter)
        for seconds in (now,) if world.plan.trouble else (now, 1.0, 3.0):
            count = sum(1 for each in times if each >= now - seconds)
            if count > rate * (seconds + late) + spare:
                who = account or "all"
                world.violated(f"{count} messages of {who} in {seconds:.1f} s at {rate}/s")

    def look(self) -> None:
        """At every moment."""
        for account, count in self._bound().items():
            if count > self.plan.max_binds:
                self.world.violated(f"{account} has {count} sessions of {self.plan.max_binds}")

    def settle(self) -> None:
        """All is quiet: the places that are free are taken, and no others are."""
        deadline = self.world.clock.now + QUIET
        while missing := self._missing():
            if self.world.clock.now > deadline:
                self.world.violated(f"sessions find no places: {missing}")
            self.world.run_for(0.5)
        self.check_places()

    def check_places(self) -> None:
        """The places that are taken are those of sessions; nothing is on its way now."""
        taken, bound = len(self.places), sum(self._bound().values())
        if taken != bound:
            self.world.violated(f"{taken} places are taken, of {bound} sessions")

    def _missing(self) -> dict[str, int]:
        bound = self._bound()
        wanted = {name: self.world.wanted(name) for name in bound}
        most = self.plan.max_binds
        return {
            name: min(most, wanted[name]) - count
            for name, count in bound.items()
            if count < min(most, wanted[name])
        }

    def _bound(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for node in self.world.nodes.values():
            accounts: Any = node.gateway.router.accounts
            for account in accounts:
                found[account.system_id] = found.get(account.system_id, 0) + len(account.sessions)
        return found
