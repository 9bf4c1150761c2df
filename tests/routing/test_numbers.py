"""Patterns of numbers: the most specific first, at a cost that patterns do not add to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from smppgate.routing.numbers import Kind, NumberTable, Pattern, without_plus

# Few digits, so that patterns overlap.
numbers = st.from_regex(r"\+?[47]{0,5}", fullmatch=True)
prefixes = numbers.map(lambda number: number + "*")
expressions = st.sampled_from(
    ["^4$", "^(4|7)7+$", "^[47]{3}$", "^7.*4$", "^.*$", r"^\+?44(7|4)$", r"^\+4.*$", "^47?4*$"]
)
patterns = st.one_of(numbers, prefixes, expressions)


def table_of(*texts: str) -> NumberTable[str]:
    """Each pattern with itself for a value."""
    table: NumberTable[str] = NumberTable()
    for text in texts:
        table.put(Pattern.of(text), text)
    return table


def fits(text: str, address: str) -> bool:
    """The rule in plain words: with a plus in front of digits or without, it is one number."""
    plain = re.sub(r"^\+(?=[0-9])", "", address)
    forms = {plain, "+" + plain} if plain[:1].isdigit() else {plain}
    if text.startswith("^"):
        return any(re.fullmatch(text, form) for form in forms)
    if text.endswith("*"):
        return any(form.startswith(text[:-1]) for form in forms)
    return text in forms


def rank(text: str, place: int) -> tuple[int, int]:
    """How specific a pattern is, the smallest first."""
    if text.startswith("^"):
        return (1000, place)
    if text.endswith("*"):
        digits = re.sub(r"^\+(?=[0-9])", "", text)
        return (100 - 2 * len(digits) + (digits == "+*"), 0)
    return (0, 0)


def naive(texts: list[str], address: str) -> list[str]:
    """All that fit, by a look at every pattern; of equal ones the last that was put."""
    kept: dict[Pattern, str] = {}
    for text in texts:
        kept[Pattern.of(text)] = text
    ranked = sorted(
        (rank(text, place), text)
        for place, text in enumerate(kept.values())
        if fits(text, address)
    )
    return [text for _, text in ranked]


@given(st.lists(patterns, max_size=20), numbers)
def test_what_fits_is_found_in_the_order_of_a_look_at_every_pattern(texts, address):
    table = table_of(*texts)
    expected = naive(texts, address)
    assert list(table.matching(address.encode())) == expected
    assert table.first(address.encode()) == (expected[0] if expected else None)


def test_exact_wins_over_prefix_over_expression_whatever_the_order():
    texts = ["^447.*$", "44*", "4477009*", "447700900123"]
    table = table_of(*texts)
    assert list(table.matching(b"447700900123")) == texts[::-1]
    for text in texts[::-1]:
        assert table.first(b"447700900123") == text
        table.remove(Pattern.of(text))
    assert table.first(b"447700900123") is None


@pytest.mark.parametrize(
    "pattern", ["4477", "+4477", "44*", "+44*", "^44[0-9]+$", r"^\+44[0-9]+$"]
)
@pytest.mark.parametrize("address", [b"4477", b"+4477"])
def test_a_plus_in_front_of_digits_does_not_matter(pattern, address):
    assert table_of(pattern).first(address) == pattern


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("4477", b"++4477"),
        ("++4477", b"+4477"),
        ("Bank", b"+Bank"),
        ("+Bank", b"Bank"),
        ("44", b"44+"),
        ("^Bank$", b"+Bank"),
    ],
)
def test_any_other_plus_does(pattern, address):
    assert table_of(pattern).first(address) is None


def test_a_plus_and_a_star_are_every_number_that_a_plus_may_be_in_front_of():
    table = table_of("+*", "*", "4*")
    assert list(table.matching(b"44")) == ["4*", "+*", "*"]
    assert list(table.matching(b"+77")) == ["+*", "*"]
    assert list(table.matching(b"Bank")) == ["*"]
    assert list(table.matching(b"+Bank")) == ["+*", "*"]


def test_patterns_that_mean_the_same_are_one():
    table = table_of("+4477*", "4477*", "+4477", "4477")
    assert len(table) == 2
    assert table.get(Pattern.of("+4477*")) == "4477*"
    assert Pattern.of("+4477*") == Pattern(Kind.PREFIX, b"4477")


@pytest.mark.parametrize("pattern", ["*", "1*", "^.*1.*2$", "1" * 65, "1" * 66 + "*"])
@pytest.mark.parametrize("size", [65, 66, 65_000])
def test_an_address_longer_than_any_fits_nothing(pattern, size):
    """SMPP v3.4 §5.2.9: 64 octets. No expression is run on more."""
    table = table_of(pattern)
    assert table.first(b"1" * size) is None
    assert table.first(b"+" + b"1" * size) is None
    assert list(table.matching(b"1" * size)) == []


@pytest.mark.parametrize("address", [b"447700900123\n", b"4477009001234"])
def test_an_expression_is_for_the_whole_number(address):
    assert table_of("^44(77|78)[0-9]{8}$").first(address) is None


def test_octets_beyond_ascii_are_looked_up_like_others():
    assert table_of("\xff\xfe*").first(b"\xff\xfe1") == "\xff\xfe*"
    assert table_of("^\xff$").first(b"\xff") == "^\xff$"


def test_an_expression_that_is_none_is_refused_before_anything_is_put():
    with pytest.raises(re.error):
        Pattern.of("^(44$")


def test_an_expression_that_is_put_again_keeps_its_place():
    table = table_of("^4.$", "^.4$")
    table.put(Pattern.of("^4.$"), "again")
    assert list(table.matching(b"44")) == ["again", "^.4$"]


def test_what_is_not_there_cannot_be_removed():
    for text in ("44", "44*", "^44$"):
        with pytest.raises(KeyError):
            table_of("4477").remove(Pattern.of(text))


class Counted(dict[bytes, str]):
    """A dictionary that counts its look-ups."""

    probes = 0

    def get(self, key: bytes, default: str | None = None) -> str | None:  # type: ignore[override]
        self.probes += 1
        return super().get(key, default)


def test_a_look_up_costs_one_probe_for_each_length_of_prefix_in_use():
    """However many patterns there are."""
    table = table_of(*(f"44{number:06}*" for number in range(5000)), "44*", "7*")
    table._prefixes = counted = Counted(table._prefixes)
    assert table.first(b"4499") == "44*"
    assert counted.probes <= 3


@pytest.mark.parametrize(("address", "expected"), [(b"+44", b"44"), (b"44", b"44"), (b"+", b"+")])
def test_one_plus_goes_where_a_digit_follows(address, expected):
    assert without_plus(address) == expected


class Table(RuleBasedStateMachine):
    """Patterns come and go in any order; what is found is what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.table: NumberTable[str] = NumberTable()
        self.there: dict[Pattern, str] = {}

    @rule(text=patterns)
    def put(self, text: str) -> None:
        self.table.put(Pattern.of(text), text)
        self.there[Pattern.of(text)] = text

    @rule(text=patterns)
    def remove(self, text: str) -> None:
        pattern = Pattern.of(text)
        assert (pattern in self.table) == (pattern in self.there)
        if pattern in self.table:
            assert self.table.remove(pattern) == self.there.pop(pattern)

    @rule(address=numbers)
    def look_up(self, address: str) -> None:
        assert list(self.table.matching(address.encode())) == naive([*self._in_order()], address)

    @invariant()
    def as_many_as_were_put(self) -> None:
        assert len(self.table) == len(self.there)
        assert all(self.table.get(pattern) == text for pattern, text in self.there.items())

    def _in_order(self) -> Iterator[str]:
        return iter(self.there.values())


TestTable = Table.TestCase
