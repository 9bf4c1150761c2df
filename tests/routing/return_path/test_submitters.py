"""A session is found by its token as long as it is bound."""

from __future__ import annotations

import pytest

from smppgate.routing.return_path.submitters import Submitters, node_of, run_of
from tests.routing.fakes import FakeSession


def test_a_session_is_found_by_its_token_as_long_as_it_is_bound() -> None:
    submitters: Submitters[FakeSession] = Submitters(b"run")
    one, two = FakeSession(), FakeSession()
    submitters.add(one)
    submitters.add(two)
    assert (submitters.find(one.token), submitters.find(two.token)) == (one, two)
    submitters.remove(one)
    assert (submitters.find(one.token), submitters.find(two.token)) == (None, two)
    assert len(submitters) == 1


def test_removing_a_session_that_was_not_added_changes_nothing() -> None:
    submitters: Submitters[FakeSession] = Submitters(b"run")
    submitters.add(FakeSession())
    submitters.remove(FakeSession())
    assert len(submitters) == 1


def test_no_session_has_an_empty_token() -> None:
    submitters: Submitters[FakeSession] = Submitters(b"run")
    submitters.add(FakeSession())
    assert submitters.find(b"") is None


def test_no_token_is_used_twice() -> None:
    """The return path of a session that has ended must not lead to a later session."""
    submitters: Submitters[FakeSession] = Submitters(b"run")
    tokens = set()
    for _ in range(100):
        session = FakeSession()
        submitters.add(session)
        tokens.add(session.token)
        submitters.remove(session)
    assert len(tokens) == 100


def test_a_token_of_an_earlier_run_leads_to_no_session() -> None:
    before, now = Submitters[FakeSession](b"one"), Submitters[FakeSession](b"two")
    old, new = FakeSession(), FakeSession()
    before.add(old)
    now.add(new)
    assert now.find(old.token) is None
    assert all(0 not in session.token for session in (old, new))


@pytest.mark.parametrize("node", ["", "a", "a.b-1_c"])
def test_a_token_names_its_node(node: str) -> None:
    """And none where the node has no name."""
    submitters, session = Submitters[FakeSession](run_of(node, "4f")), FakeSession()
    submitters.add(session)
    assert node_of(session.token) == node
