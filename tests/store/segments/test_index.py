"""An index finds what a dictionary finds, and is never believed when it is damaged."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smppgate.store.segments.building import build
from smppgate.store.segments.index import BLOCK, BadIndex, Index, hash_of, numbers_of, read_index
from smppgate.store.segments.records import BEGIN, VERSION, pack, walk
from tests.store.fakes import octets, some
from tests.store.segments.model_disk import ModelFolder

BATCHES = st.lists(st.lists(st.integers(0, 400), max_size=60), max_size=12)


def number(key: bytes) -> int:
    return int.from_bytes(hash_of(key), "big")


def _segment(
    batches: list[list[int]], marks: int = 0
) -> tuple[ModelFolder, dict[bytes, list[int]]]:
    """A segment of records with these keys; the offsets of each key."""
    folder = ModelFolder()
    file = folder.append("1.log")
    file.write(VERSION)
    offsets: dict[bytes, list[int]] = {}
    offset = BEGIN
    for batch in batches:
        ends = {octets(it): 1.0 for it in batch[:marks]}
        paths = {octets(it): b"v" for it in batch[marks:]}
        for key in {**ends, **paths}:
            offsets.setdefault(key, []).append(offset)
        offset += file.write(pack(1.0, paths, ends))
    return folder, offsets


def _built(folder: ModelFolder) -> Index:
    build(folder, "1.log", BEGIN, folder.sizes()["1.log"], "1.idx")
    return read_index(folder, "1.idx")


@settings(max_examples=50)
@given(BATCHES, st.integers(0, 2))
def test_it_finds_all_and_nothing_else(batches: list[list[int]], marks: int) -> None:
    """Of return paths and of ends, the oldest first."""
    folder, offsets = _segment(batches, marks)
    index = _built(folder)
    for it in range(420):
        key = octets(it)
        found = index.offsets(folder, number(key))
        assert list(dict.fromkeys(found)) == offsets.get(key, [])
        assert index.filter.may_have(number(key)) or not found


def test_a_key_that_fills_several_blocks_is_found_in_all_records() -> None:
    folder, offsets = _segment([[7, 100 + it] for it in range(2 * BLOCK + 10)])
    assert _built(folder).offsets(folder, number(octets(7))) == offsets[octets(7)]


def test_it_knows_how_much_there_is() -> None:
    folder = ModelFolder()
    file = folder.append("1.log")
    for time in (5.0, 3.0, 4.0):
        file.write(
            (b"" if folder.sizes()["1.log"] else VERSION) + pack(time, some(2), {b"e": 1.0})
        )
    summary = _built(folder).summary
    assert (summary.entries, summary.paths) == (9, 6)
    assert (summary.oldest, summary.newest) == (3.0, 5.0)
    assert (summary.start, summary.end) == (BEGIN, folder.sizes()["1.log"])


def test_the_disk_has_the_records_before_it_has_their_index() -> None:
    folder, _ = _segment([[1, 2, 3]])
    _built(folder)
    assert folder.crashed(Random(1)).sizes() == folder.sizes()


def test_one_of_a_part_has_the_records_of_that_part() -> None:
    folder, offsets = _segment([[1], [2], [3]])
    second, third = offsets[octets(2)][0], offsets[octets(3)][0]
    build(folder, "1.log", second, third, "1.idx")
    index = read_index(folder, "1.idx")
    found = [bool(index.offsets(folder, number(octets(it)))) for it in (1, 2, 3)]
    assert found == [False, True, False]


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_one_is_no_index(data: st.DataObject) -> None:
    """In its head when it is read, in a block when that is asked."""
    folder, _ = _segment([list(range(1000))])
    index = _built(folder)
    content = folder.files["1.idx"].octets
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadIndex):
        _read_all(folder, len(index.fences))


def _read_all(folder: ModelFolder, blocks: int) -> None:
    index = read_index(folder, "1.idx")
    for block in range(blocks):
        index.block(folder, block)


@given(st.integers(0, 200))
def test_one_that_is_cut_off_is_no_index(size: int) -> None:
    folder, _ = _segment([list(range(20))])
    _built(folder)
    del folder.files["1.idx"].octets[size:]
    with pytest.raises(BadIndex):
        read_index(folder, "1.idx").block(folder, 0)


def test_hashes_are_numbers_in_their_order() -> None:
    folder, _ = _segment([list(range(700))])
    index = _built(folder)
    hashes = [it for block in range(2) for it in numbers_of(index.block(folder, block))[0]]
    assert hashes == sorted(number(octets(it)) for it in range(700))


@settings(max_examples=50)
@given(BATCHES, st.integers(0, 2), st.lists(st.integers(0, 12), max_size=3), st.booleans())
def test_one_that_is_made_of_indexes_of_parts_is_the_same(
    batches: list[list[int]], marks: int, cuts: list[int], is_damaged: bool
) -> None:
    """Also where one of these is of no use: what it has is read from the segment then."""
    folder, _ = _segment(batches, marks)
    ends = _ends(folder)
    bounds = [BEGIN, *sorted({ends[cut % len(ends)] for cut in cuts} - {BEGIN})]
    parts = [f"part-{stop}.idx" for stop in bounds[1:]]
    for start, stop, name in zip(bounds, bounds[1:], parts, strict=False):
        build(folder, "1.log", start, stop, name)
    if parts and is_damaged:
        folder.files[parts[-1]].octets[-1] ^= 1
    build(folder, "1.log", BEGIN, ends[-1], "all.idx", parts)
    _built(folder)
    assert folder.files["all.idx"].octets == folder.files["1.idx"].octets


def _ends(folder: ModelFolder) -> list[int]:
    """Where the records of the segment end, and where the first begins."""
    read = partial(folder.read, "1.log")
    return [BEGIN, *(place.end for place in walk(read, BEGIN, folder.sizes()["1.log"]))]
