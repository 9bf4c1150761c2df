"""Recent return paths are bounded, expire by segments and cost the cycle collector nothing."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from smppgate.store.recent import SEGMENTS, RecentPaths, parts
from tests.store.fakes import octets, some

LIFETIME = 160.0
# A return path is held with its segment, up to a sixteenth longer; and floats are not exact.
LONGEST = LIFETIME * (1 + 1 / SEGMENTS) + 1e-6
KEYS = st.sampled_from([b"", *(octets(number) for number in range(12))])


def test_the_newest_value_is_found() -> None:
    """Also when the older one is in an older segment."""
    recent = RecentPaths(32, LIFETIME)
    for value in (b"old", b"new"):
        recent.update({b"key": value, **some(2)}, 0.0)
    assert recent.get(b"key") == b"new"
    assert recent.get(b"other") is None


def test_an_empty_value_is_a_value() -> None:
    recent = RecentPaths(32, LIFETIME)
    recent.update({b"": b""}, 0.0)
    assert recent.get(b"") == b""


def test_an_ended_return_path_is_not_found_whatever_values_it_had() -> None:
    recent = RecentPaths(32, LIFETIME)
    for value in (b"old", b"new"):
        recent.update({b"key": value, **some(2)}, 0.0)
    recent.end([b"key", b"unknown"])
    assert recent.get(b"key") is None
    assert recent.get(octets(0)) is not None


@given(st.integers(1, 100), st.lists(st.integers(0, 60), max_size=20))
def test_there_are_never_more_than_the_limit(limit: int, sizes: list[int]) -> None:
    """All that were dropped are counted, those of a large batch itself included."""
    recent = RecentPaths(limit, LIFETIME)
    first = 0
    for size in sizes:
        recent.update(some(size, first), 0.0)
        first += size
        assert len(recent) <= limit
        assert len(recent) + recent.forgotten == first
        if size:
            assert recent.get(octets(first - 1)) is not None


@pytest.mark.parametrize("limit", [1, 15, 16, 17, 64, 100, 1600])
def test_at_the_limit_the_newest_stay(limit: int) -> None:
    """At least 14 sixteenths of the limit."""
    recent = RecentPaths(limit, LIFETIME)
    kept = limit - 2 * (limit // SEGMENTS)
    for number in range(limit * 3):
        recent.update(some(1, number), 0.0)
        assert recent.get(octets(max(0, number + 1 - kept))) is not None


def test_a_return_path_expires_with_the_newest_of_its_segment() -> None:
    recent = RecentPaths(32, LIFETIME)
    recent.update({b"key": b""}, 1000.0)
    recent.update({b"later": b""}, 1000.0 + LIFETIME / SEGMENTS - 1)
    recent.expire(1000.0 + LIFETIME)
    assert recent.get(b"key") is not None
    recent.expire(1000.0 + LONGEST)
    assert recent.get(b"key") is None
    assert len(recent) == 0


def test_expired_return_paths_are_not_counted_as_forgotten() -> None:
    recent = RecentPaths(32, LIFETIME)
    recent.update(some(10), 0.0)
    recent.expire(LONGEST)
    assert recent.forgotten == 0


def test_a_clock_that_is_set_back_forgets_nothing_early() -> None:
    recent = RecentPaths(320, LIFETIME)
    recent.update({b"key": b"1"}, 5000.0)
    recent.update({b"other": b"2"}, 1000.0)
    recent.expire(1000.0 + LIFETIME / 2)
    assert (recent.get(b"key"), recent.get(b"other")) == (b"1", b"2")


def test_lookups_stay_short_where_nearly_all_return_paths_end() -> None:
    """Segments with few live return paths are merged."""
    recent = RecentPaths(1600, LIFETIME)
    for number in range(20_000):
        recent.update(some(1, number), 0.0)
        if number % 100:
            recent.end([octets(number)])
    assert len(recent) == 200
    assert len(recent._segments) <= 2 * SEGMENTS
    assert recent.get(octets(100)) is not None


def test_merging_segments_keeps_the_newer_value() -> None:
    recent = RecentPaths(160, LIFETIME)
    for number in range(10):
        recent.update({b"key": b"%d" % number} | some(9), 0.0)
        recent.end(list(some(9)))
    for number in range(13):
        recent.update(some(10, 10 * number), 0.0)
    assert len(recent._segments) < 10 + 13
    assert recent.get(b"key") == b"9"
    recent.end([b"key"])
    assert recent.get(b"key") is None


class Model(RuleBasedStateMachine):
    """What is found is the newest value, and not too old."""

    @initialize(limit=st.integers(1, 80))
    def make(self, limit: int) -> None:
        self.recent = RecentPaths(limit, LIFETIME)
        self.limit = limit
        self.now = 1000.0
        self.kept: dict[bytes, tuple[bytes, float]] = {}

    @rule(seconds=st.floats(0.0, LIFETIME))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.recent.expire(self.now)

    @rule(
        paths=st.dictionaries(KEYS, st.binary(max_size=2), max_size=5),
        first=st.integers(0, 300),
        count=st.integers(0, 30),
    )
    def update(self, paths: dict[bytes, bytes], first: int, count: int) -> None:
        batch = some(count, first, b"%d") | paths
        self.recent.update(batch, self.now)
        self.kept |= {key: (value, self.now) for key, value in batch.items()}

    @rule(keys=st.lists(KEYS, max_size=5))
    def end(self, keys: list[bytes]) -> None:
        self.recent.end(keys)
        for key in keys:
            self.kept.pop(key, None)
            assert self.recent.get(key) is None

    @invariant()
    def keeps_its_promises(self) -> None:
        if not hasattr(self, "recent"):
            return
        assert len(self.recent) <= self.limit
        for key, (value, since) in self.kept.items():
            found = self.recent.get(key)
            if found is not None:
                assert found == value
                assert self.now - since <= LONGEST


TestModel = Model.TestCase


@given(st.integers(0, 50), st.integers(1, 60))
def test_parts_are_the_whole(count: int, size: int) -> None:
    pieces = list(parts(some(count), size))
    assert {key: value for piece in pieces for key, value in piece.items()} == some(count)
    assert all(0 < len(piece) <= size for piece in pieces)


def test_return_paths_are_nothing_that_the_cycle_collector_follows() -> None:
    """Otherwise each of its full runs would traverse a million of them."""
    recent = RecentPaths(100, LIFETIME)
    recent.update(some(80), 0.0)
    for segment in recent._segments:
        assert {(type(k), type(v)) for k, v in segment.paths.items()} == {(bytes, bytes)}


@pytest.mark.skipif(gc.is_tracked({b"key": b""}), reason="this Python tracks every dict")
def test_the_cycle_collector_passes_the_tables_over() -> None:
    recent = RecentPaths(100, LIFETIME)
    recent.update(some(80), 0.0)
    gc.collect()
    assert not any(gc.is_tracked(segment.paths) for segment in recent._segments)


def test_memory_of_what_is_forgotten_is_freed_bit_by_bit() -> None:
    """In the end all of it is freed, also without new return paths."""
    recent = RecentPaths(1000, LIFETIME)
    recent.update(some(900), 0.0)
    recent.expire(LONGEST)
    assert len(recent) == 0
    for _ in range(5):
        recent.expire(LONGEST)
    assert not recent._freeing
