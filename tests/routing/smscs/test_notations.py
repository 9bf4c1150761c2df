"""Ids of one message in two notations."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smppgate.routing.smscs.letter_case import folded, has_both_cases
from smppgate.routing.smscs.notations import KINDS, MOST_WIDTHS, Notations

ENOUGH = 10
"""Equal ids that show that an SMSC writes ids in one way only."""

TOLD_ENOUGH = 100
"""Ids given after which no other widths are expected."""

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


def test_an_unknown_kind_is_refused_with_those_there_are():
    with pytest.raises(
        ValueError, match="no notations 'hex': they are one of auto, same, resp_hex"
    ):
        Notations("hex")


@given(numbers, forms, widths, forms, widths)
def test_auto_finds_a_number_from_every_notation_in_every_other(
    number, receipt_form, receipt_width, resp_form, resp_width
):
    receipt_id = written(receipt_form, number, receipt_width)
    assert written(resp_form, number, resp_width) in Notations("auto").sought(receipt_id)


@given(numbers, widths, st.sampled_from(["upper", "lower"]), st.one_of(widths, st.just(32)))
def test_resp_hex_finds_the_hexadecimal_writings(number, receipt_width, form, width):
    receipt_id = written("decimal", number, receipt_width)
    assert written(form, number, width) in Notations("resp_hex").sought(receipt_id)


@given(numbers, widths, st.sampled_from(["upper", "lower"]), widths)
def test_receipt_hex_finds_the_decimal_writings(number, width, form, receipt_width):
    receipt_id = written(form, number, receipt_width)
    assert written("decimal", number, width) in Notations("receipt_hex").sought(receipt_id)


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
    sought = Notations(kind).sought(receipt_id)
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
def test_a_number_as_it_stands_is_anothers_where_notations_differ(kind, receipt_id, first):
    """With ids 10 and 16 both alive, a receipt for 16 is for the one that is 16 in hexadecimal."""
    notations = Notations(kind)
    assert not notations.takes(receipt_id)
    assert notations.sought(receipt_id)[:2] == first
    assert receipt_id not in notations.sought(receipt_id)[1:]


@given(kinds, any_ids, st.lists(st.tuples(any_ids, any_ids), max_size=3))
def test_the_exact_id_is_first_whatever_was_learned_and_none_comes_twice(kind, receipt_id, told):
    notations = Notations(kind)
    for pair in told:
        notations.learned(*pair)
    sought = notations.sought(receipt_id)
    itself = (receipt_id,) if notations.takes(receipt_id) else ()
    assert sought == (*itself, *notations.others(receipt_id))
    assert notations.takes(receipt_id) or kind not in ("auto", "same")
    assert len(set(sought)) == len(sought) < 180
    assert all(0 < len(each) <= 64 for each in sought[len(itself) :])
    assert set(notations.likely(receipt_id)) <= set(sought)
    assert notations.likely(receipt_id)[: len(itself)] == itself


@given(kinds, numbers, forms, widths, forms, st.one_of(widths, st.just(32)))
def test_what_matched_comes_first_of_all_others_from_then_on(
    kind, number, receipt_form, receipt_width, resp_form, resp_width
):
    notations = Notations(kind)
    receipt_id = written(receipt_form, number, receipt_width)
    found = written(resp_form, number, resp_width)
    assume(found != receipt_id and found in notations.others(receipt_id))
    notations.learned(receipt_id, found)
    assert next(notations.others(receipt_id)) == found
    assert found in notations.likely(receipt_id)


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
    notations = Notations(kind)
    notations.learned(*first)
    assert next(notations.others(later[0])) == later[1]


def test_an_id_that_tells_nothing_new_changes_nothing():
    """Without letters, a number looks alike in both cases; one that is equal is no notation."""
    notations = Notations("auto")
    notations.learned(b"170", b"aa")
    for receipt_id, found in ((b"16", b"10"), (b"5", b"5"), (b"x", b"y"), (b"xyz", b"000")):
        notations.learned(receipt_id, found)
        assert notations.sought(b"171")[1] == b"ab"


def test_another_notation_takes_the_place_of_the_one_before():
    notations = Notations("auto")
    notations.learned(b"170", b"aa")
    notations.learned(b"171", b"AB")
    assert notations.sought(b"172")[:2] == (b"172", b"AC")


def test_what_is_learned_stays_with_its_group():
    one, other = Notations("auto"), Notations("auto")
    one.learned(b"170", b"000000AA")
    assert one.sought(b"170")[1] != other.sought(b"170")[1]


def test_a_number_in_another_base_is_not_guessed_once_many_equal_ids_were_seen():
    """An unknown 20 is not the 14 that is 20 in hexadecimal; case and zeros stay free."""
    notations = Notations("auto")
    for number in range(20, 20 + ENOUGH - 1):
        notations.learned(b"%d" % number, b"%d" % number)
        assert notations.may_guess(b"20", b"14")
    notations.learned(b"31", b"31")
    notations.learned(b"32", b"32")
    assert [notations.may_guess(b"20", b"14") for _ in range(3)] == [False, False, True]
    notations.learned(b"33", b"33")
    assert notations.may_guess(b"0A", b"a")


@pytest.mark.parametrize("equal", [b"5", b"x-1", b"message"])
def test_equal_ids_that_are_no_numbers_or_read_alike_forbid_nothing(equal):
    notations = Notations("auto")
    for _ in range(ENOUGH):
        notations.learned(equal, equal)
    assert notations.may_guess(b"20", b"14")


def test_what_was_learned_goes_when_equal_ids_outweigh_it():
    notations = Notations("auto")
    notations.learned(b"20", b"14")
    notations.learned(b"31", b"31")
    assert notations.trusted(b"20") == (b"20", b"14")
    notations.learned(b"32", b"32")
    assert notations.trusted(b"20") == (b"20",)


def test_what_is_configured_is_no_guess():
    notations = Notations("resp_hex")
    for _ in range(ENOUGH):
        notations.learned(b"31", b"31")
    assert notations.may_guess(b"20", b"14")


# Widths


@given(
    st.integers(1, 16**32 - 1),
    st.sampled_from(["upper", "lower"]),
    st.integers(1, 64),
    st.sampled_from(["upper", "lower"]),
    st.integers(1, 64),
)
def test_zeros_are_put_or_lost_at_any_width_that_the_smsc_gives(
    number, receipt_form, receipt_width, resp_form, resp_width
):
    """In letters of the other case too: a UUID or a counter of 40 digits as well as 8 digits."""
    notations = Notations("auto")
    found = written(resp_form, number, resp_width)
    notations.gave(written(resp_form, 7, len(found)))
    assert found in notations.sought(written(receipt_form, number, receipt_width))


@given(st.integers(1, 10**60), st.integers(1, 64), st.integers(1, 64))
def test_decimal_and_hexadecimal_meet_at_any_width_that_the_smsc_gives(number, width, other):
    for kind in ("auto", "resp_hex"):
        notations = Notations(kind)
        found = written("lower", number, width)
        notations.gave(b"%b" % found)
        assert found in notations.sought(written("decimal", number, other))
    for kind in ("auto", "receipt_hex"):
        notations = Notations(kind)
        found = written("decimal", number, width)
        notations.gave(found)
        assert found in notations.sought(written("upper", number, other))


@pytest.mark.parametrize("receipt_id", [b"MSG-7Z", b"00msg-7z", b"msg-7z", b"0MSG-7Z"])
def test_zeros_and_case_are_independent_of_each_other_in_what_is_no_number(receipt_id):
    notations = Notations("auto")
    notations.gave(b"0000msg-1a")
    assert b"0000msg-7z" in notations.sought(receipt_id)


def test_once_its_widths_are_known_fewer_ids_are_sought():
    notations = Notations("auto")
    before = len(notations.sought(b"1a2b"))
    for number in range(TOLD_ENOUGH):
        notations.gave(b"%012X" % number)
    assert len(notations.sought(b"1a2b")) < before / 4
    assert b"000000001A2B" in notations.sought(b"1a2b")


@given(st.lists(st.binary(max_size=70), max_size=200), any_ids)
def test_the_number_of_ids_sought_is_bounded_whatever_was_given(given_ids, receipt_id):
    notations = Notations("auto")
    for each in given_ids:
        notations.gave(each)
    sought = notations.sought(receipt_id)
    assert sought[0] == receipt_id
    assert len(set(sought)) == len(sought) < 180
    for _ in range(TOLD_ENOUGH):
        notations.gave(b"x")
    assert len(notations.sought(receipt_id)) < 70


def test_the_widths_that_were_given_last_are_remembered():
    notations = Notations("auto")
    for width in range(30, 60):
        notations.gave(b"1" * width)
    widths = {len(each) for each in notations.sought(b"5")}
    assert widths.issuperset(range(60 - MOST_WIDTHS, 60))
    assert not widths & set(range(33, 60 - MOST_WIDTHS))


def test_a_width_that_was_learned_beside_what_is_given_stays():
    """Ids that were given before a start have their own width."""
    notations = Notations("auto")
    notations.learned(b"7", b"0" * 39 + b"7")
    for _ in range(TOLD_ENOUGH):
        notations.gave(b"12345678")
    assert notations.sought(b"8")[1] == b"0" * 39 + b"8"


# Letters of both cases


@pytest.mark.parametrize(
    ("message_id", "expected"),
    [(b"aBc", True), (b"Abc", True), (b"0xFF", True), (b"abc", False), (b"ABC", False)],
)
def test_an_id_with_letters_of_both_cases_is_told(message_id, expected):
    assert has_both_cases(message_id) is expected
    assert has_both_cases(b"12-34") is False


@given(st.from_regex(rb"[0-9A-Za-z]{1,40}", fullmatch=True), st.integers(0, 9))
def test_what_differs_in_case_and_zeros_only_folds_to_the_same(message_id, zeros):
    forms = {message_id.lower(), message_id.upper(), b"0" * zeros + message_id}
    assert {folded(each) for each in forms} == {folded(message_id)}
