"""A filter has all keys that it was made of, and few others, in how many pieces it may be."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgate.store.segments.filters import (
    BITS,
    NO_FILTER,
    PIECE,
    Filter,
    make_filter,
    read_filter,
)
from tests.store.segments.model_disk import ModelFolder

SIZE = 12
OFFSET = 7


def hashes(seed: int, count: int) -> list[int]:
    chance = Random(seed)
    return [chance.getrandbits(64) for _ in range(count)]


def entries(keys: list[int], each: int = 1000) -> list[bytes]:
    """In runs of ``each``."""
    whole = [key.to_bytes(8, "big") + b"\1\2\3\4" for key in keys]
    return [b"".join(whole[start : start + each]) for start in range(0, len(whole), each)]


class Watched(ModelFolder):
    """Notes how much is read at once."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes_read: list[int] = []

    def read(self, name: str, size: int, offset: int) -> bytes:
        self.sizes_read.append(size)
        return super().read(name, size, offset)


def kept(octets: bytes) -> Watched:
    folder = Watched()
    folder.save("1.idx", lambda write: write(bytes(OFFSET) + octets + b"more"))
    return folder


def made(keys: list[int]) -> tuple[Filter, Watched]:
    octets = make_filter(len(keys), entries(keys), SIZE)
    folder = kept(octets)
    return read_filter(folder, "1.idx", len(octets), OFFSET, 0)[0], folder


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), count=st.sampled_from([1, 2, 900, PIECE // 2, PIECE // 2 + 1]))
def test_it_has_all_keys(seed: int, count: int) -> None:
    keys = hashes(seed, count)
    assert all(map(made(keys)[0].may_have, keys))


@pytest.mark.parametrize("count", [5_000, 3 * PIECE // 2 + 5])
def test_most_keys_that_are_not_there_do_not_pass(count: int) -> None:
    found, _ = made(hashes(1, count))
    assert len(found) == count * BITS // 8
    assert sum(map(found.may_have, hashes(2, 10_000))) < 300


def test_no_more_than_a_piece_is_read_at_once() -> None:
    _, folder = made(hashes(1, PIECE + 100))
    assert folder.sizes_read == [PIECE, PIECE, 200]


def test_the_checksum_goes_on_over_all_pieces() -> None:
    octets = make_filter(PIECE, entries(hashes(1, PIECE)), SIZE)
    checksums = set()
    for place in (None, 0, PIECE - 1, PIECE, len(octets) - 1):
        other = bytearray(octets)
        if place is not None:
            other[place] ^= 1
        _, checksum = read_filter(kept(bytes(other)), "1.idx", len(octets), OFFSET, 5)
        checksums.add(checksum)
    assert len(checksums) == 5


def test_where_there_is_no_room_any_key_may_be_there() -> None:
    assert len(NO_FILTER) == 0
    assert NO_FILTER.may_have(0)
    assert NO_FILTER.may_have((1 << 64) - 1)
