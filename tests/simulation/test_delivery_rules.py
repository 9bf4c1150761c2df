"""The rule of parts: it finds what the gate does wrong, and knows what may be under way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from attrs import define, field

from tests.simulation.clock import NEVER
from tests.simulation.delivery_rules import DeliveryRules
from tests.simulation.trace import Violation


@define(eq=False)
class FakeSession:
    """A session of an ESME's, as the rule sees it; its connection's end, and what comes in."""

    sent_at: float = 0.0
    is_alive: bool = True
    is_disturbed: bool = False
    knows_all: bool = True
    was_full: bool = False

    @property
    def end(self) -> FakeSession:
        return self

    @property
    def incoming(self) -> FakeSession:
        return self


class FakeTerms:
    """No settings change."""

    def moved_ranges(self, at: float) -> bool:
        return False

    def affinity_ttl(self, at: float) -> float:
        return 60.0


@define
class FakeWorld:
    """Breaks off at once, or notes what is to be judged in a while."""

    accused: list[Any] = field(factory=list)
    terms: FakeTerms = field(factory=FakeTerms)

    def violated(self, what: str) -> NoReturn:
        raise Violation(what)

    def accuse(self, what: str, session: Any) -> None:
        self.accused.append(session)


class FakePart:
    """A part of one long message."""

    body = b"to whom it is"
    parts = (1, 2, 1)
    at = 0.0

    def __init__(self) -> None:
        self.session = self.center = self.plan = self
        self.name = "c0"


class Parts:
    """The rule, with a world of its own."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self._rules: Any = DeliveryRules(self.world)  # type: ignore[arg-type]

    def arrive(self, session: FakeSession, sent_at: float) -> None:
        session.sent_at = sent_at
        self._rules._check_parts(session, FakePart())


def test_a_session_that_lives_gets_all_parts() -> None:
    parts, one = Parts(), FakeSession()
    parts.arrive(one, 1.0)
    parts.arrive(one, 2.0)
    with pytest.raises(Violation):
        parts.arrive(FakeSession(), 3.0)
    assert not parts.world.accused


@pytest.mark.parametrize("state", [{"is_alive": False}, {"is_disturbed": True}])
def test_the_parts_of_one_that_has_ended_go_elsewhere(state: dict[str, bool]) -> None:
    parts = Parts()
    parts.arrive(FakeSession(**state), 1.0)
    parts.arrive(FakeSession(), 2.0)
    assert not parts.world.accused


def test_the_session_that_a_part_goes_to_instead_is_no_excuse() -> None:
    parts = Parts()
    parts.arrive(FakeSession(), 1.0)
    with pytest.raises(Violation):
        parts.arrive(FakeSession(is_disturbed=True), 2.0)


def test_its_end_may_be_under_way() -> None:
    """The gate has ended the first session, or has crashed: that is known later."""
    parts, first = Parts(), FakeSession(knows_all=False)
    parts.arrive(first, 1.0)
    parts.arrive(FakeSession(), 2.0)
    assert parts.world.accused == [first]


def test_a_part_may_arrive_behind_one_that_was_sent_later() -> None:
    """It was sent before a crash, and its connection is slow."""
    parts, before, after = Parts(), FakeSession(), FakeSession()
    parts.arrive(after, 2.0)
    parts.arrive(before, 1.0)
    assert parts.world.accused == [before]
    # The session after the crash is that of the message.
    parts.arrive(after, 3.0)
    assert parts.world.accused == [before]


def test_a_full_pipe_does_not_tell_when_a_part_left_the_gate() -> None:
    parts, one = Parts(), FakeSession()
    parts.arrive(one, 1.0)
    parts.arrive(FakeSession(was_full=True), 2.0)
    parts.arrive(one, 3.0)
    assert not parts.world.accused


@define(eq=False)
class Overtaking:
    """The rule of order, and two queued messages of one SMSC's session that come crossed."""

    is_unread: bool
    disturbed_at: float = -NEVER

    def has_unread(self, but: Any) -> bool:
        return self.is_unread

    def arrive(self) -> None:
        rules: Any = DeliveryRules(FakeWorld())  # type: ignore[arg-type]
        rules._had_queue = lambda _: True
        session, link = SimpleNamespace(app=self, last={}, violated=FakeWorld().violated), object()
        for serial in (2, 1):
            delivery = SimpleNamespace(
                arrivals=[], request=None, session=link, serial=serial, at=1.0
            )
            rules._check_order(session, delivery)


def test_a_message_is_not_overtaken() -> None:
    with pytest.raises(Violation, match="overtaken"):
        Overtaking(is_unread=False).arrive()


def test_a_queued_message_may_lie_unread_elsewhere() -> None:
    """Until its time there is over, and it comes behind those that were sent later."""
    Overtaking(is_unread=True).arrive()


def test_a_queued_message_may_have_been_sent_to_a_session_that_is_gone() -> None:
    """The ESME has closed it before, and the gate does not know that yet."""
    Overtaking(is_unread=False, disturbed_at=0.5).arrive()
    with pytest.raises(Violation, match="overtaken"):
        Overtaking(is_unread=False, disturbed_at=-0.5).arrive()
