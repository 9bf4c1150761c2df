"""What is alive is found as before, whatever is compacted and whenever it ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgate.store.segments.building import build
from smppgate.store.segments.compaction import Compaction, compact
from smppgate.store.segments.index import read_index
from smppgate.store.segments.names import SegmentName
from smppgate.store.segments.records import BEGIN, VERSION, Record, pack, unpack, walk
from smppgate.store.segments.searching import Search
from tests.store.fakes import octets, some
from tests.store.segments.model_disk import ModelFolder

NOW = 1000.0
KEYS = st.integers(0, 30).map(octets)
# All ends are due, or will never be.
RECORDS = st.builds(
    Record,
    st.sampled_from([400.0, 800.0, 900.0]),
    st.dictionaries(KEYS, st.just(NOW), max_size=3),
    st.dictionaries(KEYS, st.binary(max_size=2), max_size=5),
)
SEGMENTS = st.lists(st.lists(RECORDS, max_size=6), min_size=1, max_size=4)


def _folder(segments: list[list[Record]]) -> ModelFolder:
    folder = ModelFolder()
    for number, records in enumerate(segments):
        name = SegmentName(number, number)
        file = folder.append(name.log)
        file.write(VERSION + b"".join(pack(it.time, it.paths, it.marks) for it in records))
        build(folder, name.log, BEGIN, folder.sizes()[name.log], name.whole_index)
    return folder


def _in_order(segments: list[list[Record]]) -> list[list[Record]]:
    """The same with times that never go back."""
    times = iter(sorted(record.time for records in segments for record in records))
    return [[record._replace(time=next(times)) for record in records] for records in segments]


def _work(folder: ModelFolder, first: int, last: int, count: int, span: float) -> Compaction:
    names = [SegmentName(it, it) for it in range(count)]
    return Compaction(
        tuple((name, folder.sizes()[name.log]) for name in names[first : last + 1]),
        tuple(name.whole_index for name in names[last + 1 :]),
        tuple(name.whole_index for name in names[:first]),
        500.0,
        span,
    )


def _found(folder: ModelFolder, names: list[SegmentName]) -> dict[bytes, bytes]:
    parts = [(name, read_index(folder, name.whole_index)) for name in reversed(names)]
    searched = Search(folder, parts, NOW, 500.0).run([octets(it) for it in range(40)], ())
    assert (searched.error, searched.records, searched.indexes) == (None, [], [])
    return searched.paths


@pytest.fixture(autouse=True)
def _always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smppgate.store.segments.compaction.WORTH", 2.0)


@settings(max_examples=150)
@given(SEGMENTS, st.data())
def test_the_same_is_found_as_before(segments: list[list[Record]], data: st.DataObject) -> None:
    folder = _folder(_in_order(segments))
    names = [SegmentName(it, it) for it in range(len(segments))]
    before = _found(folder, names)
    last = data.draw(st.integers(0, len(segments) - 1))
    first = data.draw(st.integers(max(0, last - 1), last))
    work = _work(folder, first, last, len(segments), data.draw(st.sampled_from([0.0, 150.0])))
    assert compact(folder, work)
    assert _found(folder, [*names[:first], work.target, *names[last + 1 :]]) == before


def _records(folder: ModelFolder, name: SegmentName) -> list[Record]:
    size = folder.sizes()[name.log]
    places = walk(lambda count, at: folder.read(name.log, count, at), BEGIN, size)
    return [record for place in places if (record := unpack(place.body)) is not None]


def test_what_later_records_end_or_have_anew_is_dropped() -> None:
    folder = _folder(
        [
            [Record(900.0, {}, some(4)), Record(900.0, {octets(0): NOW}, {})],
            [Record(901.0, {octets(1): NOW + 9}, {octets(2): b"new"})],
        ]
    )
    work = _work(folder, 0, 0, 2, 0.0)
    assert compact(folder, work)
    assert _records(folder, work.target) == [Record(900.0, {}, some(1, 3))]


def test_an_end_stays_while_an_older_segment_has_its_key() -> None:
    folder = _folder(
        [
            [Record(900.0, {}, some(2))],
            [Record(901.0, {octets(0): NOW, octets(9): NOW}, {})],
        ]
    )
    work = _work(folder, 1, 1, 2, 0.0)
    assert compact(folder, work)
    assert _records(folder, work.target) == [Record(901.0, {octets(0): NOW}, {})]


def test_all_ends_stay_if_something_else_is_older() -> None:
    folder = _folder([[Record(901.0, {octets(0): NOW}, {})]])
    work = _work(folder, 0, 0, 1, 0.0)._replace(keeps_marks=True)
    assert compact(folder, work)
    assert _records(folder, work.target) == [Record(901.0, {octets(0): NOW}, {})]


def test_expired_records_are_dropped_and_the_others_joined() -> None:
    records = [Record(400.0, {}, some(1))]
    records += [Record(900.0 + number, {}, some(1, 1 + number)) for number in range(5)]
    folder = _folder([records])
    work = _work(folder, 0, 0, 1, 2.0)
    assert compact(folder, work)
    assert _records(folder, work.target) == [
        Record(902.0, {}, some(3, 1)),
        Record(904.0, {}, some(2, 4)),
    ]


def test_nothing_is_made_where_little_can_be_gained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smppgate.store.segments.compaction.WORTH", 0.75)
    folder = _folder([[Record(900.0, {}, some(10))], [Record(901.0, {}, some(2))]])
    files = folder.sizes()
    assert not compact(folder, _work(folder, 0, 0, 2, 0.0))
    assert folder.sizes() == files


@settings(max_examples=10)
@given(st.integers(1, 6))
def test_hashes_are_looked_at_in_parts(part: int) -> None:
    """The result is the same."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("smppgate.store.segments.compaction.TOGETHER", part)
        patched.setattr("smppgate.store.segments.index.BLOCK", 2)
        folder = _folder(
            [
                [Record(900.0, {}, some(20)), Record(900.0, {}, some(10, 5))],
                [Record(901.0, {}, some(10, 10))],
            ]
        )
        work = _work(folder, 0, 0, 2, 0.0)
        assert compact(folder, work)
        left = {key for record in _records(folder, work.target) for key in record.paths}
        assert left == {octets(it) for it in range(10)}
        assert sum(len(record.paths) for record in _records(folder, work.target)) == 10
