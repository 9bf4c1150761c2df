"""A route back survives the store, and its session is found as long as it is bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.routes_back import (
    ALIASED,
    MANY,
    ORIGINAL,
    TAGGED,
    Route,
    Senders,
    alias_key,
    alias_target,
    alias_value,
    original_key,
)
from tests.routing.fakes import FakeSession

OCTETS = st.binary(max_size=20).filter(lambda octets: 0 not in octets)
SOME = st.binary(min_size=1, max_size=64).filter(lambda octets: 0 not in octets)
KINDS = st.sampled_from([TAGGED, ORIGINAL, ALIASED]).flatmap(
    lambda kind: st.sampled_from([kind, kind + MANY])
)
ROUTES = st.builds(Route, OCTETS, OCTETS, OCTETS, KINDS, OCTETS)


@given(ROUTES)
def test_a_route_comes_back_from_the_store_as_it_was(route: Route) -> None:
    assert Route.of(route.octets()) == route


@given(ROUTES, ROUTES)
def test_different_routes_are_different_octets(one: Route, other: Route) -> None:
    assert (one.octets() == other.octets()) is (one == other)


@pytest.mark.parametrize("many", [b"", MANY])
@pytest.mark.parametrize(
    ("kind", "expected"), [(TAGGED, b"alid-1"), (ORIGINAL, b"id-1"), (ALIASED, b"_2a")]
)
def test_the_id_that_the_esme_was_given(kind: bytes, expected: bytes, many: bytes) -> None:
    route = Route(b"acme", b"al", b"0.1", kind + many, b"_2a")
    assert route.esme_id(b"id-1") == expected
    assert route.is_to_many is bool(many)


@given(OCTETS, SOME)
def test_an_alias_stands_for_a_tag_and_an_id(tag: bytes, message_id: bytes) -> None:
    assert alias_target(alias_value(tag, message_id)) == (tag, message_id)


@given(SOME, SOME, SOME, SOME)
def test_no_two_kinds_of_keys_meet(group: bytes, account: bytes, one: bytes, two: bytes) -> None:
    """Routes, aliases and owners lie in one table. No group is without a name."""
    route = group + b"\0" + one
    assert len({route, alias_key(two), original_key(account, two)}) == 3


@given(SOME, SOME, SOME, SOME)
def test_an_id_of_one_account_is_not_that_of_another(
    one: bytes, two: bytes, id_one: bytes, id_two: bytes
) -> None:
    same = (one, id_one) == (two, id_two)
    assert (original_key(one, id_one) == original_key(two, id_two)) is same


# Sessions


def test_a_session_is_found_by_its_token_as_long_as_it_is_bound() -> None:
    senders: Senders[FakeSession] = Senders(b"run")
    one, two = FakeSession(), FakeSession()
    senders.add(one)
    senders.add(two)
    assert (senders.find(one.token), senders.find(two.token)) == (one, two)
    senders.remove(one)
    assert (senders.find(one.token), senders.find(two.token)) == (None, two)
    assert len(senders) == 1


def test_a_session_that_was_never_added_may_be_removed() -> None:
    senders: Senders[FakeSession] = Senders(b"run")
    senders.add(FakeSession())
    senders.remove(FakeSession())
    assert len(senders) == 1


def test_no_session_is_found_without_a_token() -> None:
    senders: Senders[FakeSession] = Senders(b"run")
    senders.add(FakeSession())
    assert senders.find(b"") is None


def test_no_token_is_ever_used_again() -> None:
    """A route of a session that has ended must not lead to one that came later."""
    senders: Senders[FakeSession] = Senders(b"run")
    tokens = set()
    for _ in range(100):
        session = FakeSession()
        senders.add(session)
        tokens.add(session.token)
        senders.remove(session)
    assert len(tokens) == 100


def test_a_token_of_an_earlier_run_is_nobodys() -> None:
    before, now = Senders[FakeSession](b"one"), Senders[FakeSession](b"two")
    old, new = FakeSession(), FakeSession()
    before.add(old)
    now.add(new)
    assert now.find(old.token) is None
    assert all(0 not in session.token for session in (old, new))
