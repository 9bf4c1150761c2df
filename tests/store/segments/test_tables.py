"""Memory holds what is not indexed and beyond that the newest; ends are honoured when due."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from smppgate.store.segments.tables import SPANS, Tables
from tests.store.fakes import octets, some

LIFETIME = 160.0
KEYS = st.sampled_from([b"", *(octets(number) for number in range(12))])
MOST = 1 << 30


def _filled(count: int, limit: int = 40, size: int = 10) -> Tables:
    tables = Tables(limit, LIFETIME, size)
    for number in range(count):
        tables.update(some(1, number), 0.0, number + 1)
    return tables


def test_the_newest_value_is_found() -> None:
    """Also when the older one is in an older table; an empty value is a value."""
    tables = Tables(32, LIFETIME, 2)
    for value in (b"old", b""):
        tables.update({b"key": value, **some(2)}, 0.0, 1)
    assert tables.get(b"key", 0.0) == b""
    assert tables.get(b"other", 0.0) is None


@pytest.mark.parametrize("between", [0, 20])
def test_a_return_path_ends_when_it_is_due_and_not_before(between: int) -> None:
    tables = Tables(100, LIFETIME, 10)
    tables.update({b"key": b"1"}, 0.0, 1)
    tables.update(some(between), 0.0, 1)
    assert tables.end({b"key": 10.0, b"unknown": 10.0}, 0.0, 2) == {b"key": 10.0, b"unknown": 10.0}
    assert (tables.get(b"key", 9.9), tables.get(b"key", 10.0)) == (b"1", None)


@pytest.mark.parametrize("between", [0, 20])
def test_one_that_is_kept_anew_lives_on(between: int) -> None:
    tables = Tables(100, LIFETIME, 10)
    tables.update({b"key": b"1"}, 0.0, 1)
    tables.end({b"key": 10.0}, 0.0, 2)
    tables.update(some(between), 0.0, 1)
    tables.update({b"key": b"2"}, 1.0, 3)
    assert tables.get(b"key", 99.0) == b"2"
    assert tables.end_of(b"key") is None


@pytest.mark.parametrize("between", [0, 20])
def test_the_newest_end_counts_unless_an_older_one_was_due(between: int) -> None:
    tables = Tables(100, LIFETIME, 10)
    tables.update({b"key": b"1"}, 0.0, 1)
    tables.end({b"key": 10.0}, 0.0, 2)
    tables.update(some(between), 0.0, 2)
    tables.end({b"key": 20.0}, 5.0, 3)
    assert (tables.get(b"key", 19.0), tables.get(b"key", 20.0)) == (b"1", None)
    assert tables.end({b"key": 90.0}, 20.0, 4) == {}
    assert tables.get(b"key", 21.0) is None


def test_nothing_leaves_before_it_is_indexed() -> None:
    tables = _filled(100)
    tables.shrink(MOST)
    assert len(tables) == 100
    tables.indexed = 55
    tables.shrink(MOST)
    assert len(tables) == 50
    assert tables.get(octets(49), 0.0) is None
    assert tables.get(octets(50), 0.0) is not None
    assert tables.absent_until == 0.0
    assert not tables.is_hidden


def test_what_is_indexed_stays_as_long_as_there_is_room() -> None:
    tables = _filled(40)
    tables.indexed = 40
    tables.shrink(MOST)
    assert len(tables) == 40
    assert tables.absent_until == float("-inf")


def test_memory_has_an_end_even_if_nothing_can_be_indexed() -> None:
    tables = _filled(100)
    tables.shrink(70)
    assert len(tables) == 70
    assert tables.is_hidden
    tables.indexed = 30
    assert not tables.is_hidden


def test_tables_expire_with_their_newest_return_path() -> None:
    tables = Tables(100, LIFETIME, 10)
    tables.update({b"key": b""}, 1000.0, 1)
    tables.update({b"later": b""}, 1000.0 + LIFETIME / SPANS - 1, 2)
    tables.expire(1000.0 + LIFETIME)
    assert tables.get(b"key", 0.0) is not None
    tables.expire(1000.0 + LIFETIME * (1 + 1 / SPANS) + 1e-6)
    assert len(tables) == 0


def test_large_batches_are_parted() -> None:
    tables = Tables(100, LIFETIME, 10)
    tables.update(some(95), 0.0, 95)
    assert len(tables) == tables.paths == 95
    assert max(len(table) for table in tables._tables) == 10


def test_what_is_to_be_written_again_is_held_until_it_is() -> None:
    tables = _filled(100)
    tables.indexed = 30
    held = tables.hold_unindexed()
    assert sum(len(table) for table in held) == 70
    tables.indexed = 1000
    tables.shrink(MOST)
    assert len(tables) == 70
    for table in held:
        table.mark = 1001
    tables.indexed = 1001
    tables.shrink(MOST)
    assert len(tables) <= 40


def test_the_state_of_keys_is_what_is_to_be_written() -> None:
    tables = Tables(100, LIFETIME, 2)
    tables.update({b"a": b"1", b"b": b"1"}, 0.0, 2)
    tables.end({b"a": 0.5, b"c": 0.5}, 0.0, 4)
    tables.update({b"b": b"2"}, 1.0, 5)
    assert tables.state([b"a", b"b", b"c", b"d"]) == (
        {b"a": b"1", b"b": b"2"},
        {b"a": 0.5, b"c": 0.5},
    )


class Model(RuleBasedStateMachine):
    """Compares memory, all of which is unindexed, with two dictionaries."""

    @initialize(size=st.integers(1, 20))
    def make(self, size: int) -> None:
        self.tables = Tables(10, LIFETIME, size)
        self.now = 1000.0
        self.paths: dict[bytes, tuple[bytes, float]] = {}
        self.ends: dict[bytes, float] = {}

    @rule(seconds=st.floats(0.0, 20.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.tables.expire(self.now)

    @rule(
        paths=st.dictionaries(KEYS, st.binary(max_size=2), max_size=5),
        first=st.integers(0, 300),
        count=st.integers(0, 30),
    )
    def update(self, paths: dict[bytes, bytes], first: int, count: int) -> None:
        batch = some(count, first, b"%d") | paths
        self.tables.update(batch, self.now, 1)
        for key, value in batch.items():
            self.paths[key] = (value, self.now)
            self.ends.pop(key, None)

    @rule(keys=st.lists(KEYS, max_size=5), grace=st.floats(0, 30))
    def end(self, keys: list[bytes], grace: float) -> None:
        self.tables.end(dict.fromkeys(keys, self.now + grace), self.now, 1)
        for key in keys:
            if self.ends.get(key, self.now + 1) > self.now:
                self.ends[key] = self.now + grace

    @invariant()
    def is_what_the_model_says(self) -> None:
        if not hasattr(self, "tables"):
            return
        for key, (value, since) in self.paths.items():
            age = self.now - since
            if self.ends.get(key, self.now + 1) <= self.now:
                assert self.tables.get(key, self.now) is None
            elif age < LIFETIME / 2:
                assert self.tables.get(key, self.now) == value


TestModel = Model.TestCase


@given(st.lists(st.integers(0, 60), max_size=20), st.integers(1, 30))
def test_the_count_is_right(sizes: list[int], size: int) -> None:
    tables = Tables(10, LIFETIME, size)
    mark = 0
    for count in sizes:
        mark += count
        tables.update(some(count, mark), 0.0, mark)
        tables.end({octets(mark): 1.0}, 0.0, mark)
        tables.indexed = mark // 2
        tables.shrink(100)
        assert len(tables) == sum(len(table) for table in tables._tables)


@pytest.mark.skipif(gc.is_tracked({b"key": b""}), reason="this Python tracks every dict")
def test_the_cycle_collector_passes_the_tables_over() -> None:
    tables = _filled(100)
    tables.end({octets(5): 1.0}, 0.0, 101)
    gc.collect()
    for table in tables._tables:
        assert not gc.is_tracked(table.paths)
        assert not gc.is_tracked(table.ends)


def test_memory_of_what_has_left_is_freed_bit_by_bit() -> None:
    tables = _filled(900, size=800)
    tables.expire(1e9)
    assert len(tables) == 0
    assert tables._freeing
    for _ in range(20):
        tables.expire(1e9)
    assert not tables._freeing
