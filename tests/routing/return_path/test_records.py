"""Return paths and the records beside them come back from their octets as they were."""

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

OCTETS = st.binary(max_size=20).filter(lambda octets: 0 not in octets)
SOME = st.binary(min_size=1, max_size=64).filter(lambda octets: 0 not in octets)
KINDS = st.sampled_from([TAGGED, ORIGINAL, ALIASED]).flatmap(
    lambda kind: st.sampled_from([kind, kind + MANY])
)
PATHS = st.builds(ReturnPath, OCTETS, OCTETS, OCTETS, KINDS, OCTETS)


@given(PATHS)
def test_a_return_path_comes_back_from_its_record_as_it_was(path: ReturnPath) -> None:
    assert ReturnPath.of(path.octets()) == path


@given(PATHS, PATHS)
def test_different_return_paths_have_different_records(one: ReturnPath, other: ReturnPath) -> None:
    assert (one.octets() == other.octets()) is (one == other)


@pytest.mark.parametrize("many", [b"", MANY])
@pytest.mark.parametrize(
    ("kind", "expected"), [(TAGGED, b"alid-1"), (ORIGINAL, b"id-1"), (ALIASED, b"_2a")]
)
def test_the_id_that_the_esme_was_given(kind: bytes, expected: bytes, many: bytes) -> None:
    path = ReturnPath(b"acme", b"al", b"0.1", kind + many, b"_2a")
    assert path.esme_id(b"id-1") == expected
    assert path.is_to_many is bool(many)


@pytest.mark.parametrize("many", [b"", MANY])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [(TAGGED, ()), (ORIGINAL, (original_key(b"acme", b"id-1"),)), (ALIASED, (alias_key(b"_2a"),))],
)
def test_the_keys_of_the_other_records_of_a_message(
    kind: bytes, expected: tuple[bytes, ...], many: bytes
) -> None:
    path = ReturnPath(b"acme", b"al", b"0.1", kind + many, b"_2a")
    assert path.kept_beside(b"id-1") == expected


@given(OCTETS, SOME)
def test_an_alias_stands_for_a_tag_and_an_id(tag: bytes, message_id: bytes) -> None:
    assert alias_target(alias_value(tag, message_id)) == (tag, message_id)


@given(SOME, SOME, SOME, SOME)
def test_keys_of_different_kinds_differ(
    center: bytes, account: bytes, one: bytes, two: bytes
) -> None:
    """Return paths, aliases and owners are in one table. Each message center has a name."""
    path = center + b"\0" + one
    assert len({path, alias_key(two), original_key(account, two)}) == 3


@given(SOME, SOME, SOME, SOME)
def test_original_ids_of_different_accounts_have_different_keys(
    one: bytes, two: bytes, id_one: bytes, id_two: bytes
) -> None:
    same = (one, id_one) == (two, id_two)
    assert (original_key(one, id_one) == original_key(two, id_two)) is same
