"""Routes as a gate makes them of its settings: what is decided, and what is said of it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgate.gate.route_table import make_routes
from smppgate.gate.trial import Trial
from smppgate.routing.routes.explain import explain
from smppgate.routing.routes.message import Message
from smppgate.settings import RouteSettings
from smppgate.settings.number_files import NumberFile
from smppgate.txsmpp.codec import encode
from smppgate.txsmpp.constants import CommandId
from smppgate.txsmpp.pdu import SubmitSm
from tests.gate.routing import (
    ACCOUNTS,
    random_message,
    random_settings,
    settings_of,
    trial_of,
)


@settings(max_examples=settings().max_examples * 3 // 2)
@given(st.randoms(use_true_random=False))
def test_explanation_and_decision_agree(random: Random) -> None:
    """Where a message goes is what the first route says that has no fault, in any order asked."""
    routes = Trial(random_settings(random)).routes
    for _ in range(10):
        message = random_message(random)
        if routes is not None:
            decided = routes.choose(Message(*message))
            explained = explain(routes, Message(*message))
            assert decided is explained.target
            assert [bool(each.faults) for each in explained.tried[:-1]] == [True] * (
                len(explained.tried) - 1
            )


def message(account: bytes = b"acme", wall: float = 0.0, **fields: Any) -> Message:
    """A submit_sm of an account."""
    return Message(account, CommandId.SUBMIT_SM, encode(SubmitSm(**fields)), wall)


def goes(trial: Trial, what: Message) -> str | int:
    """The pool that a message goes to, or the status of its answer."""
    assert trial.routes is not None
    target = trial.routes.choose(what)
    return target.pools[0].name if target.pools else target.status


def test_the_first_route_that_holds_counts() -> None:
    trial = trial_of(
        RouteSettings(destination="4477*", pool="night"),
        RouteSettings(destination="44*", pool="backup"),
        RouteSettings(destination="4477*", pool="main"),
    )
    assert goes(trial, message(destination_addr=b"447700")) == "night"
    assert goes(trial, message(destination_addr=b"4420")) == "backup"
    assert goes(trial, message(destination_addr=b"49")) == 0x0B


def test_all_conditions_must_hold() -> None:
    trial = trial_of(
        RouteSettings(esme="acme", destination="44*", data_coding=8, pool="night"),
        RouteSettings(pool="main"),
    )
    to = {"destination_addr": b"4477", "data_coding": 8}
    assert goes(trial, message(**to)) == "night"
    assert goes(trial, message(b"bank", **to)) == "main"
    assert goes(trial, message(destination_addr=b"4477")) == "main"


@pytest.mark.parametrize("number", [b"4477", b"+4477"])
def test_a_plus_does_not_matter(number: bytes) -> None:
    trial = trial_of(RouteSettings(destination="+44*", pool="main"))
    assert goes(trial, message(destination_addr=number)) == "main"


def test_the_longest_prefix_names_the_pool() -> None:
    file = NumberFile("pools.txt", b"backup 44\nmain 4477\nnight 447700900123")
    trial = trial_of(RouteSettings(pools_file=file), RouteSettings(reject=0x45))
    found = [goes(trial, message(destination_addr=n)) for n in (b"4420", b"4477", b"44770", b"1")]
    assert found == ["backup", "main", "main", 0x45]
    assert goes(trial, message(destination_addr=b"447700900123")) == "night"


def test_a_part_of_all_numbers_stays_the_same() -> None:
    """It is as large as it is said to be, and another for a route of another name."""
    trial = trial_of(
        RouteSettings(name="some", percent=30, pool="night"),
        RouteSettings(name="half", percent=50, pool="backup"),
        RouteSettings(pool="main"),
    )
    numbers = [b"4477009%05d" % n for n in range(10_000)]
    found = [goes(trial, message(destination_addr=number)) for number in numbers]
    assert found == [goes(trial, message(destination_addr=number)) for number in numbers]
    assert 2850 <= found.count("night") <= 3150
    assert 3300 <= found.count("backup") <= 3700
    again = trial_of(RouteSettings(name="some", percent=30, pool="night"))
    first = [n for n, pool in zip(numbers, found, strict=True) if pool == "night"]
    assert {goes(again, message(destination_addr=number)) for number in first} == {"night"}


def test_a_number_is_in_the_same_part_in_every_process() -> None:
    """Not by Python's own hash."""
    trial = trial_of(RouteSettings(name="some", percent=50, pool="main"))
    found = [goes(trial, message(destination_addr=b"44770090%d" % n)) for n in range(8)]
    assert found == [0x0B, "main", "main", 0x0B, 0x0B, 0x0B, "main", 0x0B]


MONDAY = 1_767_571_200.0
"""2026-01-05 00:00 UTC."""


@pytest.mark.parametrize(
    ("hour", "is_there"), [(21.9, False), (22, True), (24, True), (29.9, True), (30, False)]
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins(
    hour: float, is_there: bool
) -> None:
    between = {"times": ["22:00-06:00"], "days": ["mon"]}
    trial = trial_of(RouteSettings(between=between, pool="main"))
    assert (goes(trial, message(wall=MONDAY + 3600 * hour)) == "main") == is_there
    assert goes(trial, message(wall=MONDAY + 3600)) == 0x0B, "that is Sunday's"


def test_a_zone_has_its_own_clock_in_summer() -> None:
    between = {"times": ["08:00-09:00"], "zone": "Europe/Berlin"}
    trial = trial_of(RouteSettings(between=between, pool="main"))
    july = MONDAY + 181 * 86400
    assert goes(trial, message(wall=MONDAY + 7 * 3600)) == "main"
    assert goes(trial, message(wall=july + 7 * 3600)) == 0x0B
    assert goes(trial, message(wall=july + 6 * 3600 + 3599)) == "main"


def test_what_is_tried_does_not_grow_with_accounts() -> None:
    """A thousand routes that each name one account: each account has its own, and no others."""
    own = (RouteSettings(name=f"r{n}", esme=f"a{n}", pool="main") for n in range(1000))
    routes = trial_of_any(*own, RouteSettings(pool="night"))
    what = message(b"a500")
    assert [r.label for r in routes._sort_out(b"a500").candidates(what)] == ["r500", "night"]
    assert goes_by(routes, what) == "main"
    assert goes_by(routes, message(b"stranger")) == "night"


def test_what_is_tried_does_not_grow_with_routes_that_name_numbers() -> None:
    own = (RouteSettings(name=f"r{n}", destination=f"{n:04}*", pool="main") for n in range(1000))
    routes = trial_of_any(*own, RouteSettings(name="last", pool="night"))
    what = message(destination_addr=b"0500123")
    assert [r.label for r in routes._sort_out(b"x").candidates(what)] == ["r500", "last"]


def test_names_without_end_are_forgotten() -> None:
    """Those of a wildcard's accounts."""
    routes = trial_of_any(RouteSettings(esme="a*", pool="main"), RouteSettings(pool="night"))
    for number in range(10_001):
        routes.choose(message(b"b%d" % number))
    assert len(routes._by_account) == 1


def trial_of_any(*routes: RouteSettings) -> Any:
    """Routes that may name accounts that there are not."""
    found = settings_of(RouteSettings(pool="main"))
    object.__setattr__(found, "route", routes)
    return Trial(found).routes


def goes_by(routes: Any, what: Message) -> str:
    """The name of the pool."""
    return str(routes.choose(what).pools[0].name)


# Reloads


def test_a_route_that_stays_goes_on_counting_and_files_are_not_taken_apart_again() -> None:
    file = NumberFile("pools.txt", b"main 44")
    before = trial_of(RouteSettings(pools_file=file), RouteSettings(name="b", pool="night"))
    assert before.routes is not None
    before.routes.all[1].messages = 7
    before.routes.unrouted = 3
    new = settings_of(
        RouteSettings(name="b", pool="main", esme="acme"),
        RouteSettings(pools_file=NumberFile("pools.txt", b"main 44")),
    )
    routes = make_routes(new, before.pools, before.routes)
    assert routes is not None
    assert ([r.messages for r in routes.all], routes.unrouted) == ([7, 0], 3)
    assert routes.tables[file] is before.routes.tables[file]


def test_the_pools_of_an_account_are_those_that_its_messages_may_go_to() -> None:
    trial = trial_of(
        RouteSettings(esme="acme", pool="night", fallback="backup"),
        RouteSettings(esme="b*", pool="main"),
    )
    assert trial.routes is not None
    names = {a: [p.name for p in trial.routes.pools_of(a.encode())] for a in ACCOUNTS}
    assert names == {
        "acme": ["night", "backup"],
        "bank": ["main"],
        "bolt": ["main"],
        "corp-1": [],
    }
