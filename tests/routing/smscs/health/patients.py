"""Members whose answers tests decide."""

from __future__ import annotations

from typing import cast

from attrs import define, field

from smppgate.routing.smscs.health.ejection import Change, PoolHealth
from smppgate.routing.smscs.health.member import MemberHealth
from smppgate.routing.smscs.health.policy import HealthPolicy
from smppgate.routing.smscs.load import REFUSED, TAKEN
from smppgate.routing.smscs.smsc import Smsc
from smppgate.txsmpp.sequence import Request
from tests.routing import fakes
from tests.routing.fakes import FakeSession

POLICY = HealthPolicy(max_errors=5)


@define(eq=False)
class Patient:
    """A seat whose answers a test decides."""

    smsc: Smsc
    health: MemberHealth = field(factory=MemberHealth)
    taken: int = 0
    is_up: bool = True
    factors: list[float] = field(factory=list)

    def slow(self, factor: float) -> None:
        self.factors.append(factor)


class Ward:
    """A pool of patients, and a clock of whole seconds."""

    def __init__(self, count: int = 2, policy: HealthPolicy = POLICY, window: int = 10) -> None:
        self.seats = [Patient(fakes.smsc(f"s{number}", 1, window)) for number in range(count)]
        self.health = PoolHealth(self.seats, policy)
        self.now = 100.0
        self.told: list[Change] = []

    @property
    def is_settled(self) -> bool:
        """Whether no member is ejected or in slow start."""
        return not any(each.health.ejection or each.health.slow_until for each in self.seats)

    def take(self, seat: Patient, count: int = 1) -> None:
        """The seat takes messages that it has open, or others."""
        seat.taken += count
        seat.smsc.outstanding += count
        seat.smsc.ended(count, TAKEN, 0.05)

    def err(self, seat: Patient, status: int = 0x08, count: int = 1) -> None:
        """The seat gives messages an error."""
        for _ in range(count):
            seat.smsc.outstanding += 1
            seat.smsc.ended(1, REFUSED, 0.05)
            self.told += self.health.erred(seat, status, self.now)

    def send(self, seat: Patient, count: int = 1) -> None:
        """The seat gets messages, and does not answer them."""
        link = cast(FakeSession, seat.smsc.links[0])
        for _ in range(count):
            seat.smsc.began(1)
            link.send_request(Request(4, self.now), fakes.submit().octets)

    def answer_all(self, seat: Patient) -> None:
        """The seat answers what it has."""
        link = cast(FakeSession, seat.smsc.links[0])
        count = len(link.outstanding.drain())
        seat.taken += count
        seat.smsc.ended(count, TAKEN, 0.05)

    def pass_time(self, seconds: int) -> None:
        """Seconds go by."""
        for _ in range(seconds):
            self.now += 1.0
            self.told += self.health.step(self.now)

    @property
    def ejected(self) -> list[int]:
        """The numbers of those that are ejected."""
        return [n for n, each in enumerate(self.seats) if each.health.ejection is not None]

    @property
    def reasons(self) -> list[str]:
        """What was told, in words."""
        return [change.reason for change in self.told]
