"""Who serves a number: the most specific range first, at a cost that ranges do not add to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppgate.routing.ranges import RangeTable

# Few digits, so that ranges overlap.
numbers = st.text("47", max_size=6)
prefixes = numbers.map(lambda number: number + "*")
patterns = st.sampled_from(
    ["^4$", "^(4|7)7+$", "^[47]{3}$", "^7.*4$", "^.*$", "^44(7|4)", "^47?4*$"]
)
ranges = st.lists(st.one_of(numbers, prefixes, patterns), max_size=25)


def table_of(*address_ranges: str) -> RangeTable[int]:
    """Each range served by its place in the list."""
    table: RangeTable[int] = RangeTable()
    for owner, address_range in enumerate(address_ranges):
        table.add(address_range, owner)
    return table


def owners(address: bytes, *address_ranges: str) -> list[int]:
    return list(table_of(*address_ranges).owners(address))


def _rank(address_range: str, address: str, place: int) -> tuple[int, int] | None:
    """How specific a range that matches is, the smallest first; None if it does not."""
    if address_range.startswith("^"):
        return (1000, place) if re.fullmatch(address_range, address) else None
    if address_range.endswith("*"):
        return (100 - len(address_range), 0) if address.startswith(address_range[:-1]) else None
    return (0, 0) if address_range == address else None


def _naive(address: str, address_ranges: list[str]) -> list[int]:
    # Equal expressions share the place of the first.
    ranks = [_rank(r, address, address_ranges.index(r)) for r in address_ranges]
    best = min((rank for rank in ranks if rank is not None), default=None)
    return [owner for owner, rank in enumerate(ranks) if rank is not None and rank == best]


@given(ranges, numbers)
def test_owners_are_those_of_a_look_at_every_range(
    address_ranges: list[str], address: str
) -> None:
    """All who serve the most specific range that matches, and nobody else."""
    assert owners(address.encode(), *address_ranges) == _naive(address, address_ranges)


def test_the_most_specific_range_owns_the_number() -> None:
    """Exact, then the longer prefix, then the expression, whatever the order of the file."""
    ranges = ["^447.*$", "44*", "4477009*", "447700900123"]
    for owner in (3, 2, 1, 0):
        assert owners(b"447700900123", *ranges) == [owner]
        ranges.pop()


def test_several_owners_of_one_range_are_given_in_the_order_of_the_file() -> None:
    assert owners(b"4477", "4477", "44*", "4477", "44*") == [0, 2]
    assert owners(b"448", "4477", "44*", "4477", "44*") == [1, 3]
    assert owners(b"5", "^5$", "^.*$", "^5$") == [0, 2]


def test_a_star_alone_takes_every_number() -> None:
    assert owners(b"1", "*") == [0]
    assert owners(b"", "*") == [0]


def test_a_prefix_takes_the_number_that_it_is_and_none_shorter() -> None:
    assert owners(b"4477", "4477*") == [0]
    assert owners(b"447", "4477*") == []


def test_an_exact_number_is_no_prefix() -> None:
    assert owners(b"44770", "4477") == []


@pytest.mark.parametrize("address", [b"447700900123\n", b"+447700900123", b"4477009001234"])
def test_an_expression_takes_the_numbers_that_it_describes_and_no_others(address: bytes) -> None:
    """Its ``$`` is the end of the number: an octet behind it, newline or digit, is too many."""
    assert owners(address, "^44(77|78)[0-9]{8}$") == []
    assert owners(b"447700900123", "^44(77|78)[0-9]{8}$") == [0]


def test_octets_beyond_ascii_are_looked_up_like_others() -> None:
    assert owners(b"\xff\xfe1", "\xff\xfe*") == [0]
    assert owners(b"\xff", "^\xff$") == [0]


def test_nobody_without_ranges() -> None:
    assert owners(b"447700900123") == []


class Counting(dict[bytes, list[int]]):
    """Counts the looks."""

    looks = 0

    def get(self, key: bytes, default: object = None) -> object:  # type: ignore[override]
        self.looks += 1
        return super().get(key, default)

    def __iter__(self) -> Iterator[bytes]:
        self.looks += len(self)
        return super().__iter__()


def _looks(count: int) -> int:
    """How often the tables are looked into for one number, with ``count`` ranges of each kind."""
    table: RangeTable[int] = RangeTable()
    for owner in range(count):
        table.add(f"44{owner:08}", owner)
        table.add(f"44{owner:08}*", owner)
        table.add("4*", owner)
    exact, prefixes = Counting(table._exact), Counting(table._prefixes)
    table._exact, table._prefixes = exact, prefixes
    assert table.owners(b"4999999999")[:1] == [0]
    return exact.looks + prefixes.looks


def test_looks_grow_with_the_prefix_lengths_in_use_and_not_with_the_ranges() -> None:
    """One for the exact number and one for each of the two lengths."""
    assert _looks(1) == _looks(10_000) == 3


def test_what_is_not_asked_for_is_not_looked_up() -> None:
    """Prefixes are not tried after an exact number."""
    table = table_of("4477", "44*")
    prefixes = Counting(table._prefixes)
    table._prefixes = prefixes
    assert table.owners(b"4477") == [0]
    assert prefixes.looks == 0
