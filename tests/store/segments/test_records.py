"""A record comes out as it went in; what is cut off or changed is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.store.segments.records import (
    BEGIN,
    VERSION,
    DamagedRecord,
    Record,
    body_at,
    pack,
    parts,
    unpack,
    unpack_keys,
    walk,
)
from tests.store.fakes import some

KEYS = st.binary(max_size=6)
TIMES = st.floats(0, 2e9)
MARKS = st.dictionaries(KEYS, TIMES, max_size=4)
PATHS = st.dictionaries(KEYS, st.binary(max_size=6), max_size=6)
RECORDS = st.lists(st.builds(Record, TIMES, MARKS, PATHS), max_size=5)


class Octets:
    """A file of these octets."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.reads = 0

    def read(self, size: int, offset: int) -> bytes:
        self.reads += 1
        return self.octets[offset : offset + size]


def _packed(record: Record) -> bytes:
    return pack(record.time, record.paths, record.marks)


def _walked(octets: bytes, end: int | None = None) -> list[Record]:
    places = walk(Octets(octets).read, BEGIN, len(octets) if end is None else end)
    return [record for place in places if (record := unpack(place.body)) is not None]


@given(TIMES, MARKS, PATHS)
def test_a_record_comes_out_as_it_went_in(
    time: float, marks: dict[bytes, float], paths: dict[bytes, bytes]
) -> None:
    octets = pack(time, paths, marks)
    body = body_at(Octets(octets).read, 0, 10)
    assert unpack(body) == Record(time, marks, paths)
    assert unpack_keys(body) == (time, len(paths), [*marks, *paths])


def test_keys_and_values_may_be_long() -> None:
    """Their length takes more than two octets."""
    paths = {b"k" * 70_000: b"v" * 140_000, b"": b""}
    marks = {b"e" * 66_000: 1.0}
    assert unpack(pack(1.0, paths, marks)[8:]) == Record(1.0, marks, paths)


def test_keys_of_one_value_share_it() -> None:
    assert len(pack(1.0, some(100, value=b"v" * 1000))) < 5000


@given(RECORDS)
def test_all_records_of_a_segment_are_found(records: list[Record]) -> None:
    assert _walked(VERSION + b"".join(map(_packed, records))) == records


@given(RECORDS, st.data())
def test_what_is_cut_off_is_no_record(records: list[Record], data: st.DataObject) -> None:
    octets = VERSION + b"".join(map(_packed, records))
    size = data.draw(st.integers(BEGIN, len(octets)))
    walked = _walked(octets[:size])
    assert walked == records[: len(walked)]
    assert size < len(octets) or walked == records


@given(RECORDS.filter(bool), st.data())
def test_what_is_changed_is_no_record_and_the_others_are_found(
    records: list[Record], data: st.DataObject
) -> None:
    octets = bytearray(VERSION + b"".join(map(_packed, records)))
    place = data.draw(st.integers(BEGIN, len(octets) - 1))
    octets[place] ^= data.draw(st.integers(1, 255))
    walked = _walked(bytes(octets))
    assert len(walked) < len(records)
    assert all(record in records for record in walked)


def test_records_behind_a_damaged_one_are_found() -> None:
    records = [Record(float(number), {}, some(3, number)) for number in range(3)]
    octets = bytearray(VERSION + b"".join(map(_packed, records)))
    octets[len(VERSION) + len(_packed(records[0])) + 30] ^= 1
    assert _walked(bytes(octets)) == [records[0], records[2]]


@pytest.mark.parametrize("tail", [b"\0" * 8, b"\0" * 5000, b"\xff" * 5000])
def test_a_tail_of_one_octet_over_and_over_is_no_record(tail: bytes) -> None:
    """As some file systems leave after a loss of power."""
    record = Record(1.0, {}, some(3))
    assert _walked(VERSION + _packed(record) + tail) == [record]


def test_large_segments_are_read_in_parts() -> None:
    records = [Record(float(number), {}, some(2000, number)) for number in range(50)]
    file = Octets(VERSION + b"".join(map(_packed, records)))
    found = [unpack(it.body) for it in walk(file.read, BEGIN, len(file.octets))]
    assert found == records
    assert file.reads < 10


def test_a_kind_that_is_not_known_is_passed_over() -> None:
    body = b"\x09" + pack(1.0, {})[9:]
    assert (unpack(body), unpack_keys(body)) == (None, None)


@given(st.binary(max_size=80))
def test_any_octets_are_a_record_or_an_error(octets: bytes) -> None:
    with pytest.raises(DamagedRecord):
        body_at(Octets(octets).read, 0, 30)
    try:
        unpack(b"\x01" + octets)
    except DamagedRecord:
        return


@pytest.mark.parametrize("paths", [{"text": b""}, {b"": "text"}, {b"": 7}, {None: b""}])
def test_what_is_no_octets_is_refused(paths: dict[bytes, bytes]) -> None:
    with pytest.raises(TypeError):
        pack(1.0, paths)


@given(st.integers(0, 50), st.integers(1, 60))
def test_parts_are_the_whole(count: int, size: int) -> None:
    pieces = list(parts(some(count), size))
    assert {key: value for piece in pieces for key, value in piece.items()} == some(count)
    assert all(0 < len(piece) <= size for piece in pieces)
