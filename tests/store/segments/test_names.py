"""Names of files tell what is in them."""

from __future__ import annotations

import pytest

from smppgate.store.segments.names import IndexName, SegmentName, index_of, segment_of


@pytest.mark.parametrize(
    "name", [SegmentName(7, 7), SegmentName(123456789, 123456789), SegmentName(7, 9, True)]
)
def test_a_name_is_read_as_it_was_made(name: SegmentName) -> None:
    assert segment_of(name.log) == name
    assert index_of(name.whole_index) == IndexName(name.stem, 0, 0)
    assert index_of(name.piece(1, 5_000_000)) == IndexName(name.stem, 1, 5_000_000)


@pytest.mark.parametrize("name", ["7.log", "00000007.idx.new", "x00000007.log", "00000007.part"])
def test_other_names_are_none_of_them(name: str) -> None:
    assert segment_of(name) is None
    assert index_of(name) is None


def test_a_compacted_one_replaces_what_it_was_made_of() -> None:
    made = SegmentName(5, 7, True)
    for old in (SegmentName(7, 7), SegmentName(5, 6, True), SegmentName(5, 5, True)):
        assert made.replaces(old)
    for other in (made, SegmentName(8, 8), SegmentName(4, 4), SegmentName(4, 7, True)):
        assert not made.replaces(other)
    assert SegmentName(4, 4, True).replaces(SegmentName(4, 4))
    assert not SegmentName(4, 4).replaces(SegmentName(4, 4, True))
