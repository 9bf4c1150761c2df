"""A return path survives the store, and its session is found as long as it is bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.return_path.records import (
    ALIASED,
    MANY,
    ORIGINAL,
    TAGGED,
    ReturnPath,
    alias_key,
    alias_target,
    alias_value,
    original_key,
)
from smppgate.routing.return_path.submitters import Submitters
from tests.routing.fakes import FakeSession

OCTETS = st.binary(max_size=20).filter(lambda octets: 0 not in octets)
SOME = st.binary(min_size=1, max_size=64).filter(lambda octets: 0 not in octets)
KINDS = st.sampled_from([TAGGED, ORIGINAL, ALIASED]).flatmap(
    lambda kind: st.sampled_from([kind, kind + MANY])
)
ROUTES = st.builds(ReturnPath, OCTETS, OCTETS, OCTETS, KINDS, OCTETS)


@given(ROUTES)
def test_a_route_comes_back_from_the_store_as_it_was(path: ReturnPath) -> None:
    assert ReturnPath.of(path.octets()) == path


@given(ROUTES, ROUTES)
def test_different_routes_are_different_octets(one: ReturnPath, other: ReturnPath) -> None:
    assert (one.octets() == other.octets()) is (one == other)


@pytest.mark.parametrize("many", [b"", MANY])
@pytest.mark.parametrize(
    ("kind", "expected"), [(TAGGED, b"alid-1"), (ORIGINAL, b"id-1"), (ALIASED, b"_2a")]
)
def test_the_id_that_the_esme_was_given(kind: bytes, expected: bytes, many: bytes) -> None:
    path = ReturnPath(b"acme", b"al", b"0.1", kind + many, b"_2a")
    assert path.esme_id(b"id-1") == expected
    assert path.is_to_many is bool(many)


@given(OCTETS, SOME)
def test_an_alias_stands_for_a_tag_and_an_id(tag: bytes, message_id: bytes) -> None:
    assert alias_target(alias_value(tag, message_id)) == (tag, message_id)


@given(SOME, SOME, SOME, SOME)
def test_no_two_kinds_of_keys_meet(center: bytes, account: bytes, one: bytes, two: bytes) -> None:
    """Return paths, aliases and owners lie in one table. No group is without a name."""
    path = center + b"\0" + one
    assert len({path, alias_key(two), original_key(account, two)}) == 3


@given(SOME, SOME, SOME, SOME)
def test_an_id_of_one_account_is_not_that_of_another(
    one: bytes, two: bytes, id_one: bytes, id_two: bytes
) -> None:
    same = (one, id_one) == (two, id_two)
    assert (original_key(one, id_one) == original_key(two, id_two)) is same


# Sessions


def test_a_session_is_found_by_its_token_as_long_as_it_is_bound() -> None:
    submitters: Submitters[FakeSession] = Submitters(b"run")
    one, two = FakeSession(), FakeSession()
    submitters.add(one)
    submitters.add(two)
    assert (submitters.find(one.token), submitters.find(two.token)) == (one, two)
    submitters.remove(one)
    assert (submitters.find(one.token), submitters.find(two.token)) == (None, two)
    assert len(submitters) == 1


def test_a_session_that_was_never_added_may_be_removed() -> None:
    submitters: Submitters[FakeSession] = Submitters(b"run")
    submitters.add(FakeSession())
    submitters.remove(FakeSession())
    assert len(submitters) == 1


def test_no_session_is_found_without_a_token() -> None:
    submitters: Submitters[FakeSession] = Submitters(b"run")
    submitters.add(FakeSession())
    assert submitters.find(b"") is None


def test_no_token_is_ever_used_again() -> None:
    """A return path of a session that has ended must not lead to one that came later."""
    submitters: Submitters[FakeSession] = Submitters(b"run")
    tokens = set()
    for _ in range(100):
        session = FakeSession()
        submitters.add(session)
        tokens.add(session.token)
        submitters.remove(session)
    assert len(tokens) == 100


def test_a_token_of_an_earlier_run_is_nobodys() -> None:
    before, now = Submitters[FakeSession](b"one"), Submitters[FakeSession](b"two")
    old, new = FakeSession(), FakeSession()
    before.add(old)
    now.add(new)
    assert now.find(old.token) is None
    assert all(0 not in session.token for session in (old, new))
