"""Sessions serve the ranges that their binds name, beside the accounts that own them.

Most of it is seen through `RangeTable`, which has the guests of each range.
"""

from __future__ import annotations

import re

import pytest
from attrs import define, evolve, field

from smppgate.routing.esmes.account import Account
from smppgate.routing.esmes.bind_ranges import Guest, Guests
from smppgate.routing.esmes.ranges import RangeTable
from smppgate.txsmpp.states import State
from tests.routing import fakes
from tests.routing.fakes import FakeSession


@define
class Bound:
    """A table of ranges, and an account ``acme`` whose sessions join it."""

    table: RangeTable[FakeSession] = field(factory=RangeTable)
    acme: Account[FakeSession] = field(factory=lambda: fakes.account("acme", max_binds=100))

    def session(
        self, *address_ranges: str, ton: int = 0, npi: int = 0, state: State = State.BOUND_TRX
    ) -> FakeSession:
        session = FakeSession(state=state)
        self.acme.add(session)
        self.table.join(session, self.acme, address_ranges, ton, npi)
        return session

    def served(self, address: bytes, ton: int = 1, npi: int = 1) -> set[FakeSession] | None:
        cluster = self.table.cluster(address, ton, npi)
        return None if cluster is None else set(cluster)


@pytest.mark.parametrize("address_range", ["447700900123", "4477*", "^44[0-9]+$"])
def test_a_range_is_served_as_long_as_a_session_that_named_it_is_bound(address_range: str) -> None:
    bound = Bound()
    first, second = bound.session(address_range), bound.session(address_range)
    assert bound.served(b"447700900123") == {first, second}
    bound.table.leave(first)
    assert bound.served(b"447700900123") == {second}
    bound.table.leave(second)
    bound.table.leave(second)
    assert bound.served(b"447700900123") is None


def test_guests_serve_beside_the_receivers_of_the_owners() -> None:
    bound, owner = Bound(), fakes.account("owner")
    bound.table.add("44*", owner)
    early, late = FakeSession(), FakeSession()
    owner.add(early)
    guest = bound.session("44*")
    assert bound.served(b"44") == {early, guest}
    owner.add(late)
    owner.remove(early)
    assert bound.served(b"44") == {late, guest}
    bound.table.leave(guest)
    assert bound.served(b"44") == {late}
    cluster = bound.table.cluster(b"44", 0, 0)
    assert cluster is not None
    assert list(cluster.accounts) == [owner]


def test_a_bind_for_a_narrower_range_gets_the_numbers_of_an_owned_wider_one() -> None:
    bound = Bound()
    bound.table.add("44*", fakes.account("owner"))
    guest = bound.session("4477*")
    assert bound.served(b"4477") == {guest}
    bound.table.leave(guest)
    assert bound.served(b"4477") == set()


def test_a_session_that_leaves_still_serves_the_ranges_of_its_account() -> None:
    bound = Bound()
    bound.table.add("44*", bound.acme)
    session, guest = bound.session("44*", ton=5), FakeSession()
    bound.table.join(guest, fakes.account("other"), ["44*"], 0, 0)
    assert bound.served(b"44", ton=1) == {session, guest}
    bound.table.leave(session)
    assert bound.served(b"44", ton=1) == {session, guest}


@pytest.mark.parametrize(
    ("asked", "is_anothers"),
    [
        ("447700900123", True),
        ("+447700900123", True),
        ("4477*", True),
        ("+4477*", True),
        ("^44[0-9]+$", True),
        ("48*", False),
        ("+48*", False),
        ("447700900124", False),
        ("44*", False),
        ("^44[0-9]*$", False),
    ],
)
def test_a_range_that_the_configuration_gives_to_others(asked: str, is_anothers: bool) -> None:
    """Not one that the account has too, and not a wider or a narrower one."""
    bound, owner = Bound(), fakes.account("owner")
    for text in ("447700900123", "4477*", "^44[0-9]+$", "48*"):
        bound.table.add(text, owner)
    bound.table.add("48*", bound.acme)
    bound.session("49*")
    assert bound.table.is_anothers(asked, bound.acme) is is_anothers
    assert not bound.table.is_anothers("49*", owner)


def test_a_transmitter_serves_no_range() -> None:
    bound = Bound()
    bound.session("44*", state=State.BOUND_TX)
    assert bound.served(b"44") is None


def test_a_session_that_joins_again_leaves_the_ranges_it_joined_before() -> None:
    bound = Bound()
    session = bound.session("44*", "447*", "44*")
    bound.table.join(session, bound.acme, ["48*"], 0, 0)
    assert bound.served(b"447") is None
    assert bound.served(b"48") == {session}


def test_expressions_of_binds_are_tried_after_those_of_the_configuration_in_order() -> None:
    bound = Bound()
    bound.table.add("^4+$", fakes.account("owner"))
    first, second = bound.session("^[47]+$"), bound.session("^.*$")
    assert bound.served(b"44") == set()
    assert bound.served(b"47") == {first}
    assert bound.served(b"5") == {second}
    bound.table.leave(first)
    first = bound.session("^[47]+$")
    assert bound.served(b"47") == {second}


@pytest.mark.parametrize(
    ("bind", "destination", "fits"),
    [
        ((0, 0), (0, 0), True),
        ((0, 0), (5, 9), True),
        ((1, 0), (1, 9), True),
        ((0, 1), (5, 1), True),
        ((1, 1), (1, 1), True),
        ((1, 1), (1, 0), False),
        ((1, 1), (0, 1), False),
        ((1, 1), (2, 1), False),
        ((1, 0), (0, 1), False),
    ],
)
def test_a_session_serves_the_type_and_plan_of_its_bind_and_0_is_any(
    bind: tuple[int, int], destination: tuple[int, int], fits: bool
) -> None:
    bound = Bound()
    session = bound.session("44*", ton=bind[0], npi=bind[1])
    assert bound.served(b"44", *destination) == ({session} if fits else None)


def test_a_range_whose_guests_serve_other_types_is_passed_over() -> None:
    bound = Bound()
    narrow, wide = bound.session("4477", ton=5), bound.session("44*", ton=1)
    least = bound.session("^.*$")
    assert bound.served(b"4477", ton=5) == {narrow}
    assert bound.served(b"4477", ton=1) == {wide}
    assert bound.served(b"4477", ton=2) == {least}


def test_an_owned_range_is_not_passed_over_for_its_guests_types() -> None:
    bound = Bound()
    bound.table.add("4477*", fakes.account("owner"))
    bound.session("4477*", ton=5)
    bound.session("44*")
    assert bound.served(b"4477", ton=1) == set()


def test_guests_share_by_the_weights_of_their_accounts() -> None:
    bound, light = Bound(), fakes.account("light")
    bound.acme.change(evolve(bound.acme.policy, weight=3))
    heavy, other = bound.session("44*"), FakeSession()
    light.add(other)
    bound.table.join(other, light, ["44*"], 0, 0)
    cluster = bound.table.cluster(b"44", 0, 0)
    assert cluster is not None
    chosen = [cluster.session() for _ in range(40)]
    assert (chosen.count(heavy), chosen.count(other)) == (30, 10)


def test_an_expression_that_does_not_compile_is_an_error_that_changes_nothing() -> None:
    bound, session = Bound(), FakeSession()
    with pytest.raises(re.error):
        bound.table.join(session, bound.acme, ["44*", "^(4$"], 0, 0)
    assert bound.served(b"44") is None
    bound.table.leave(session)


def test_a_session_is_a_guest_while_its_account_does_not_own_the_range() -> None:
    """A guest serves the type and plan of its bind, and the sessions of an owner serve all."""
    bound = Bound()
    session = bound.session("44*", ton=5)
    assert bound.served(b"44", ton=1) is None
    bound.table.change(bound.acme, (), ["44*"])
    assert bound.served(b"44", ton=1) == {session}
    bound.table.change(bound.acme, ["44*"], ())
    assert bound.served(b"44", ton=1) is None
    assert bound.served(b"44", ton=5) == {session}
    bound.table.leave(session)
    assert len(bound.table) == 0


def test_guests_go_on_when_the_range_gets_other_owners() -> None:
    bound, owner, receiver = Bound(), fakes.account("owner"), FakeSession()
    owner.add(receiver)
    guest = bound.session("44*")
    bound.table.change(owner, (), ["44*"])
    assert bound.served(b"44") == {guest, receiver}
    bound.table.change(owner, ["44*"], ["45*"])
    assert bound.served(b"44") == {guest}
    assert bound.served(b"45") == {receiver}
    assert len(owner._serves) == 1


def test_guests_share_by_a_weight_that_is_changed() -> None:
    bound, light = Bound(), fakes.account("light")
    changed, other = bound.session("44*"), FakeSession()
    light.add(other)
    bound.table.join(other, light, ["44*"], 0, 0)
    cluster = bound.table.cluster(b"44", 0, 0)
    assert cluster is not None
    bound.table.weigh(bound.acme, 3)
    bound.table.weigh(fakes.account("without sessions"), 5)
    chosen = [cluster.session() for _ in range(40)]
    assert (chosen.count(changed), chosen.count(other)) == (30, 10)
    bound.table.change(light, (), ["44*"])
    cluster = bound.table.cluster(b"44", 0, 0)
    assert cluster is not None
    assert [cluster.session() for _ in range(40)].count(changed) == 30


def test_the_oldest_session_that_names_an_expression_gives_it_its_place() -> None:
    bound = Bound()
    oldest, first = bound.session("^4.*$"), bound.session("^.*4$")
    second = bound.session("^4.*$")
    assert bound.served(b"44") == {oldest, second}
    bound.table.leave(oldest)
    assert bound.served(b"44") == {first}


def test_clusters_end_with_the_guests_they_were_made_for() -> None:
    """An account does not collect the clusters of all sessions that ever joined its ranges."""
    bound, owner = Bound(), fakes.account("owner")
    bound.table.add("44*", owner)
    for ton in range(1, 10):
        guest = bound.session("44*", ton=ton, npi=1)
        assert bound.served(b"44", ton) == {guest}
        assert bound.served(b"44", 0, 0) == set()
        bound.table.leave(guest)
    assert len(owner._serves) == 1


# The guests of one range


def test_guests_know_when_the_last_of_them_has_left() -> None:
    guests, first, second = Guests[FakeSession](()), FakeSession(), FakeSession()
    guests.add(first, Guest(1, 0, 0))
    guests.add(second, Guest(1, 0, 0))
    assert not guests.remove(first)
    assert not guests.remove(first)
    assert guests.remove(second)


def test_types_and_plans_that_no_guest_names_share_a_cluster() -> None:
    guests = Guests[FakeSession]((fakes.account("owner"),))
    guests.add(FakeSession(), Guest(1, 5, 0))
    clusters = {guests.cluster(ton, npi) for ton in range(10) for npi in range(10)}
    assert len(clusters) == 2
