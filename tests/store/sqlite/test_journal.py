"""Batches of version 0.1 are read as they were, and pieces of the journal equal their batches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.store.sqlite.journal import END_WEIGHT, JournalError, gather, unpack
from tests.store.sqlite.former import pack

KEYS = st.binary(max_size=6)
ENDED = st.lists(KEYS, max_size=6)
PATHS = st.dictionaries(KEYS, st.binary(max_size=6), max_size=6)
BATCHES = st.lists(st.tuples(ENDED, PATHS), max_size=8)


@given(ENDED, PATHS)
def test_a_batch_comes_out_as_it_went_in(ended: list[bytes], paths: dict[bytes, bytes]) -> None:
    assert unpack(pack(ended, paths)) == (ended, paths)


def test_keys_and_values_may_be_long() -> None:
    """Their length takes more than two octets."""
    paths = {b"k" * 70_000: b"v" * 140_000, b"": b""}
    assert unpack(pack([b"e" * 66_000], paths)) == ([b"e" * 66_000], paths)


@given(ENDED, PATHS, st.data())
def test_what_is_cut_off_or_too_long_is_no_batch(
    ended: list[bytes], paths: dict[bytes, bytes], data: st.DataObject
) -> None:
    octets = pack(ended, paths)
    length = data.draw(st.integers(0, len(octets) - 1))
    with pytest.raises(JournalError):
        unpack(octets[:length])
    with pytest.raises(JournalError):
        unpack(octets + b"\0")


@given(st.binary(max_size=64))
def test_any_octets_are_a_batch_or_an_error(octets: bytes) -> None:
    try:
        ended, paths = unpack(octets)
    except JournalError:
        return
    # Only a key that occurs twice is dropped.
    assert len(pack(ended, paths)) <= len(octets)


@given(BATCHES, st.integers(1, 40), st.floats(0, 8))
def test_pieces_are_what_their_batches_are_one_after_the_other(
    batches: list[tuple[list[bytes], dict[bytes, bytes]]], size: int, span: float
) -> None:
    rows = [(place, float(place), pack(*batch)) for place, batch in enumerate(batches)]
    expected: dict[bytes, bytes] = {}
    for ended, paths in batches:
        expected = {key: value for key, value in expected.items() if key not in ended} | paths
    found: dict[bytes, bytes] = {}
    rest = rows
    while piece := gather(rest, span, size):
        assert (piece.first, piece.last) == (rest[0][0], int(piece.written))
        assert piece.last - piece.first <= span
        taken = batches[piece.first : piece.last + 1]
        assert piece.entries == sum(len(ended) + len(paths) for ended, paths in taken)
        for key in piece.ended:
            found.pop(key, None)
        found |= piece.paths
        rest = rows[piece.last + 1 :]
    assert found == expected
    assert not rest


def test_a_piece_is_as_large_as_is_asked_for() -> None:
    """Up to its last batch. Ends of return paths weigh more than return paths."""
    rows = [(place, 0.0, pack([], {b"%d" % place: b""})) for place in range(100)]
    piece = gather(rows, 1.0, 10)
    assert piece is not None
    assert len(piece.paths) == 10
    rows = [(place, 0.0, pack([b"%d" % place], {})) for place in range(100)]
    piece = gather(rows, 1.0, 10 * END_WEIGHT)
    assert piece is not None
    assert len(piece.ended) == 10


def test_there_is_no_piece_of_nothing() -> None:
    assert gather([], 1.0, 1) is None
