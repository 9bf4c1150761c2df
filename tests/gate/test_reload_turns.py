"""A reload of many accounts leaves the reactor to others in between."""

from __future__ import annotations

import itertools
from typing import Any

from attrs import evolve
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure

from smppgate.gate.reload import A_TURN
from smppgate.settings import EsmeSettings
from tests.gate.memory_gateway import Log, MemoryGateway

MANY = 4 * A_TURN


def accounts(count: int, **more: Any) -> tuple[EsmeSettings, ...]:
    """The account acme and so many others."""
    names = ["acme", *(f"esme{n}" for n in range(count))]
    return tuple(EsmeSettings(system_id=name, password="secret", **more) for name in names)


class Turns:
    """A gate whose reactor is given one turn after the other."""

    def __init__(self) -> None:
        self.gate = MemoryGateway(esme=accounts(MANY))
        self.outcomes: list[Any] = []

    def reload(self, **more: Any) -> None:
        """Begin a reload with these settings."""
        settings = evolve(self.gate.gateway.settings, **more)
        self.gate.gateway.reload(settings).addBoth(self.outcomes.append)

    def turn(self) -> None:
        """Make the calls that are due now, and none that these ask for."""
        reactor = self.gate.reactor
        due = [call for call in reactor.getDelayedCalls() if call.getTime() <= reactor.seconds()]
        for call in due:
            reactor.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)

    def windows(self) -> list[int]:
        """Those of the accounts that are in force."""
        return [account.window for account in self.gate.gateway.state().accounts]

    def count(self) -> int:
        """How many accounts there are."""
        return len(self.windows())


def test_many_accounts_are_removed_and_added_some_a_turn() -> None:
    turns = Turns()
    for after in (0, MANY):
        before = turns.count()
        turns.reload(esme=accounts(after))
        seen = [before]
        while not turns.outcomes:
            turns.turn()
            seen.append(turns.count())
        assert seen[-1] == after + 1
        assert max(abs(one - other) for one, other in itertools.pairwise(seen)) <= A_TURN
        turns.outcomes.clear()


def test_policies_change_all_in_one_turn() -> None:
    """They take no time, and pools that are gone have no accounts."""
    turns = Turns()
    turns.reload(esme=accounts(MANY, window=7))
    while not turns.outcomes:
        assert len(set(turns.windows())) == 1
        turns.turn()
    assert set(turns.windows()) == {7}


def test_a_stop_ends_a_reload_that_has_not_come_to_its_end() -> None:
    turns = Turns()
    turns.reload(esme=accounts(0))
    turns.turn()
    turns.gate.gateway.stopService()
    turns.turn()
    (failure,) = turns.outcomes
    assert isinstance(failure, Failure)
    assert failure.check(CancelledError)


def test_a_change_of_many_accounts_is_told_line_by_line() -> None:
    with Log() as log:
        turns = Turns()
        turns.reload(esme=accounts(0))
        turns.gate.turn()
    assert sum("removed" in line for line in log.lines) >= MANY
