"""Ids of one message in two notations."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smppgate.routing.smscs.dialects import KINDS, Dialect

ENOUGH = 10
"""Receipts with equal ids after which an SMSC is taken to use one base only."""

FORMS = {"upper": b"%0*X", "lower": b"%0*x", "decimal": b"%0*d"}

kinds = st.sampled_from(KINDS)
numbers = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 100_000))
widths = st.integers(1, 20)
forms = st.sampled_from(sorted(FORMS))
any_ids = st.one_of(
    st.binary(max_size=70),
    st.from_regex(rb"[0-9a-fA-F]{1,66}", fullmatch=True),
    st.from_regex(rb"0*[0-9]{1,20}", fullmatch=True),
)


def written(form: str, number: int, width: int = 1) -> bytes:
    return FORMS[form] % (width, number)


def test_an_unknown_kind_is_refused_with_a_list_of_all_kinds():
    with pytest.raises(ValueError, match="no dialect 'hex': it is one of auto, same, resp_hex"):
        Dialect("hex")


@given(numbers, forms, widths, forms, widths)
def test_auto_finds_a_number_from_every_notation_in_every_other(
    number, receipt_form, receipt_width, resp_form, resp_width
):
    receipt_id = written(receipt_form, number, receipt_width)
    assert written(resp_form, number, resp_width) in Dialect("auto").sought(receipt_id)


@given(numbers, widths, st.sampled_from(["upper", "lower"]), st.one_of(widths, st.just(32)))
def test_resp_hex_finds_the_hexadecimal_writings(number, receipt_width, form, width):
    receipt_id = written("decimal", number, receipt_width)
    assert written(form, number, width) in Dialect("resp_hex").sought(receipt_id)


@given(numbers, widths, st.sampled_from(["upper", "lower"]), widths)
def test_receipt_hex_finds_the_decimal_writings(number, width, form, receipt_width):
    receipt_id = written(form, number, receipt_width)
    assert written("decimal", number, width) in Dialect("receipt_hex").sought(receipt_id)


@pytest.mark.parametrize(
    ("kind", "receipt_id", "others"),
    [
        ("same", b"255", []),
        ("resp_hex", b"ff", []),
        ("receipt_hex", b"xyz", []),
        ("auto", b"aBc-9", [b"abc-9", b"ABC-9", b"AbC-9", b"0aBc-9"]),
        ("auto", b"00xy", [b"00XY", b"xy", b"0xy"]),
        ("auto", b"", []),
        ("auto", b"1" * 65, []),
        ("resp_hex", b"1" * 65, []),
    ],
)
def test_the_most_likely_come_first(kind, receipt_id, others):
    sought = Dialect(kind).sought(receipt_id)
    assert sought[0] == receipt_id
    assert list(sought[1 : 1 + len(others)]) == others
    if not others:
        assert sought == (receipt_id,)


@pytest.mark.parametrize(
    ("kind", "receipt_id", "first"),
    [
        ("resp_hex", b"255", (b"FF", b"0FF")),
        ("resp_hex", b"5", (b"5", b"05")),
        ("receipt_hex", b"ff", (b"255", b"0255")),
        ("receipt_hex", b"10", (b"16", b"016")),
    ],
)
def test_where_bases_differ_a_number_as_it_stands_is_another_messages(kind, receipt_id, first):
    """With resp_hex, a receipt for 16 is for the message with the id 10, not for that with 16."""
    dialect = Dialect(kind)
    assert not dialect.takes(receipt_id)
    assert dialect.sought(receipt_id)[:2] == first
    assert receipt_id not in dialect.sought(receipt_id)[1:]


@given(kinds, any_ids, st.lists(st.tuples(any_ids, any_ids), max_size=3))
def test_the_exact_id_is_first_after_any_lesson_and_no_id_comes_twice(kind, receipt_id, lessons):
    dialect = Dialect(kind)
    for pair in lessons:
        dialect.learned(*pair)
    sought = dialect.sought(receipt_id)
    itself = (receipt_id,) if dialect.takes(receipt_id) else ()
    assert sought == (*itself, *dialect.others(receipt_id))
    assert dialect.takes(receipt_id) or kind not in ("auto", "same")
    assert len(set(sought)) == len(sought) < 90
    assert all(0 < len(each) <= 64 for each in sought[len(itself) :])
    assert set(dialect.likely(receipt_id)) <= set(sought)
    assert dialect.likely(receipt_id)[: len(itself)] == itself


@given(kinds, numbers, forms, widths, forms, st.one_of(widths, st.just(32)))
def test_the_notation_that_matched_comes_first_of_all_others(
    kind, number, receipt_form, receipt_width, resp_form, resp_width
):
    dialect = Dialect(kind)
    receipt_id = written(receipt_form, number, receipt_width)
    found = written(resp_form, number, resp_width)
    assume(found != receipt_id and found in dialect.others(receipt_id))
    dialect.learned(receipt_id, found)
    assert next(dialect.others(receipt_id)) == found
    assert found in dialect.likely(receipt_id)


@pytest.mark.parametrize(
    ("kind", "first", "later"),
    [
        ("auto", (b"255", b"000000ff"), (b"65535", b"0000ffff")),
        ("auto", (b"ff", b"0000000255"), (b"FFFF", b"0000065535")),
        ("auto", (b"1a", b"1A"), (b"2b", b"2B")),
        ("auto", (b"0007", b"7"), (b"0123", b"123")),
        ("auto", (b"007", b"0000000007"), (b"123", b"0000000123")),
        ("resp_hex", (b"170", b"aa"), (b"171", b"ab")),
        ("receipt_hex", (b"aa", b"000170"), (b"ab", b"000171")),
    ],
)
def test_the_notation_that_matched_is_used_for_other_ids(kind, first, later):
    dialect = Dialect(kind)
    dialect.learned(*first)
    assert next(dialect.others(later[0])) == later[1]


def test_ids_that_show_no_other_notation_change_nothing():
    """A number without letters is the same in both cases, and some ids no notation connects."""
    dialect = Dialect("auto")
    dialect.learned(b"170", b"aa")
    for receipt_id, found in ((b"16", b"10"), (b"5", b"5"), (b"x", b"y"), (b"xyz", b"000")):
        dialect.learned(receipt_id, found)
        assert dialect.sought(b"171")[1] == b"ab"


def test_another_notation_that_matches_replaces_the_one_before():
    dialect = Dialect("auto")
    dialect.learned(b"170", b"aa")
    dialect.learned(b"171", b"AB")
    assert dialect.sought(b"172")[:2] == (b"172", b"AC")


def test_one_dialect_learns_nothing_from_another():
    one, other = Dialect("auto"), Dialect("auto")
    one.learned(b"170", b"000000AA")
    assert one.sought(b"170")[1] != other.sought(b"170")[1]


def test_after_many_equal_ids_a_number_in_another_base_is_not_guessed():
    """An unknown 20 is not the message 14, its hexadecimal; case and zeros may still differ."""
    dialect = Dialect("auto")
    for number in range(20, 20 + ENOUGH - 1):
        dialect.learned(b"%d" % number, b"%d" % number)
        assert dialect.may_guess(b"20", b"14")
    dialect.learned(b"31", b"31")
    dialect.learned(b"32", b"32")
    assert [dialect.may_guess(b"20", b"14") for _ in range(3)] == [False, False, True]
    dialect.learned(b"33", b"33")
    assert dialect.may_guess(b"0A", b"a")


@pytest.mark.parametrize("equal", [b"5", b"x-1", b"message"])
def test_equal_ids_that_show_no_base_forbid_no_guess(equal):
    dialect = Dialect("auto")
    for _ in range(ENOUGH):
        dialect.learned(equal, equal)
    assert dialect.may_guess(b"20", b"14")


def test_more_equal_ids_than_matches_in_another_base_end_a_notation():
    dialect = Dialect("auto")
    dialect.learned(b"20", b"14")
    dialect.learned(b"31", b"31")
    assert dialect.trusted(b"20") == (b"20", b"14")
    dialect.learned(b"32", b"32")
    assert dialect.trusted(b"20") == (b"20",)


def test_a_configured_base_is_no_guess():
    dialect = Dialect("resp_hex")
    for _ in range(ENOUGH):
        dialect.learned(b"31", b"31")
    assert dialect.may_guess(b"20", b"14")
