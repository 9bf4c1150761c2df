"""What the world knows of the gate's lives, and the rules with it."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define, field, frozen

from smppgate.notices.store import STORE_LATE
from smppgate.txsmpp.log import Logger
from tests.simulation.logs import errors
from tests.simulation.request_rules import RequestRules
from tests.simulation.scenario import scenario
from tests.simulation.trace import Violation
from tests.simulation.world import World


def test_a_stop_gives_up_what_is_open() -> None:
    """Five eighths of its 4 seconds are the ESMEs'; another gate waits for its answers again."""
    world = World(scenario(1))
    timeout = world.plan.response_timeout
    assert world.gives_up_at(5.0) == 5.0 + timeout
    world.stopped_at = 5.0
    assert world.gives_up_at(5.0 - timeout) == 5.0
    assert world.gives_up_at(7.5 - timeout + 1.0) == 7.5
    world.began_at = 9.0
    assert world.gives_up_at(9.0) == 9.0 + timeout


@pytest.mark.parametrize("may_be_late", [False, True])
def test_a_store_may_be_late_at_a_stop(may_be_late: bool) -> None:
    """And not at other times; nor may anything else be wrong then."""
    with errors() as found:
        found.store_may_be_late = may_be_late
        Logger().tell(STORE_LATE)
        assert found.found == [f"{STORE_LATE.code} {STORE_LATE.text}"] * (not may_be_late)
        Logger().error("something else")
        assert found.found[-1] == "something else"


@frozen(eq=False)
class FakeSession:
    """A session with an SMSC, of which nothing but the SMSC counts."""

    smsc: Any
    has_forgotten: bool = False
    is_disturbed: bool = False

    def violated(self, what: str) -> None:
        raise Violation(what)


@frozen(eq=False)
class FakeAttempt:
    """One that was turned down."""

    session: FakeSession
    at: float = 1.0

    def was_read(self, statuses: Any) -> bool:
        return True


@define(eq=False)
class FakeRequest:
    """One that was sent to an SMSC before."""

    attempts: list[FakeAttempt]
    session: Any = None
    at: float = 1.0
    belongs: bool = False


@define(eq=False)
class FakeWorld:
    """Its one SMSC was there all the time, or not: it is all of this that a rule asks for."""

    stayed: bool
    terms: Any = field(init=False)
    plan: Any = field(init=False)
    name: str = "s0"

    def __attrs_post_init__(self) -> None:
        self.terms = self.plan = self

    def retried(self, _request: Any, _at: float) -> set[int]:
        return {0x08}

    def adapts(self, _name: str, _at: float) -> bool:
        return False

    def has_smsc(self, name: str, at: float) -> bool:
        assert (name, at) == (self.name, 1.0)
        return self.stayed


def _tried_again(stayed: bool) -> None:
    world: Any = FakeWorld(stayed)
    session: Any = FakeSession(world)
    request: Any = FakeRequest([FakeAttempt(FakeSession(world))])
    RequestRules(world)._check_attempts(session, request)


def test_an_smsc_is_tried_once() -> None:
    """One that was removed and is back is another."""
    _tried_again(stayed=False)
    with pytest.raises(Violation, match="a second time"):
        _tried_again(stayed=True)
