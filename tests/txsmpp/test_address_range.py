"""Which address ranges are taken, and what a bind that asks for some means."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from smppgate.txsmpp.address_range import (
    LONGEST_ADDRESS,
    LONGEST_REGEX,
    bind_ranges,
    name_problem,
    range_problem,
)
from smppgate.txsmpp.constants import CommandStatus
from smppgate.txsmpp.errors import PduError
from tests.txsmpp.strategies import result


@pytest.mark.parametrize(
    "text",
    [
        "447700900123",
        "+447700900123",
        "INFO",
        "100#",
        "4477009*",
        "*",
        "9" * LONGEST_ADDRESS,
        "^44(77|78)[0-9]{8}$",
        r"^(\+|00)?44[0-9]{9,10}$",
        r"^(?:44|33)\d+$",
        "^[^0-3]..7*$",
        r"^\*[0-9]{2,}\#$",
        "^(70|71|72|73)(0|1|2|3)[0-9]{6}$",
        "^.*44.*$",
        f"^{'4' * (LONGEST_REGEX - 2)}$",
    ],
)
def test_taken(text: str) -> None:
    """Exact numbers, prefixes, and the expressions that people write for numbers."""
    assert range_problem(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must not be empty"),
        ("44 77", "must be digits"),
        ("4*4", "must be digits"),
        ("44\n", "must be digits"),
        ("9" * (LONGEST_ADDRESS + 1), "must be digits"),
        ("^44", "start with ^ and end with $"),
        ("44$", "start with ^ and end with $"),
        ("^$", "start with ^ and end with $"),
        (f"^{'4' * LONGEST_REGEX}$", "at most 256 characters"),
        ("^44|33$", "in parentheses"),
        ("^(44$", "not closed"),
        ("^44)$", "not opened"),
        ("^+44$", "must follow"),
        ("^4**$", "must follow"),
        ("^4*?$", "must follow"),
        ("^4{3}{2}$", "must follow"),
        ("^(*4)$", "must follow"),
        ("^4{3,2}$", "must count up"),
        ("^4{65}$", "must count up"),
        ("^[9-0]$", "must count up"),
        ("^4{,2}$", "'{,2}' is not understood"),
        ("^4{x}$", "'{x}' is not understood"),
        ("^[44$", "'[44' is not understood"),
        ("^[]$", "'[]' is not understood"),
        ("^(?=4)$", "'(?=4)' is not understood"),
        (r"^(4)\1$", r"'\\1' is not understood"),
        ("^4\\$", "is not understood"),
        ("^4$4$", "'$4' is not understood"),
        ("^4^4$", "'^4' is not understood"),
        ("^caf\u00e9$", "is not understood"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    """What is no range is told by its fault."""
    assert reason in (range_problem(text) or "")


@pytest.mark.parametrize(
    "text",
    [
        "^(4+)+$",
        "^(4*)*$",
        "^((4?){9}){9}$",
        "^(4|44)+$",
        "^(.|4){20}$",
        "^(4?4?)+$",
        "^.*.*.*$",
        "^4?4?4?4?4?4?4?4?4?4?4?4?4?4?$",
        "^(1|1)(1|1)(1|1)(1|1)(1|1)(1|1)(1|1)(1|1)(1|1)(1|1)(1|1)(1|1)(1|1)(1|1)$",
        "^(((((4*)*)*)*)*)*$",
    ],
)
def test_expressions_that_could_run_away_are_refused(text: str) -> None:
    """Nested repetitions, repeated alternatives, and rows of either."""
    assert "too long" in (range_problem(text) or "")


ATOMS = st.sampled_from(
    ["4", "7", "a", "#", ".", r"\d", r"\+", r"\*", "[0-9]", "[^0-3]", r"[\d+*#]", "[a-zA-Z5]"]
)
REPEATS = st.sampled_from(["*", "+", "?", "{3}", "{2,}", "{0,2}", "{1,3}", "{0,0}"])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda some: f"({'|'.join(some)})")
        | inner.map(lambda some: f"(?:{some})")
        | st.tuples(inner, REPEATS).map(lambda pair: f"({pair[0]}){pair[1]}")
        | st.tuples(ATOMS, REPEATS).map("".join)
    ),
    max_leaves=12,
)
LOOSE = st.text(alphabet=r"0479aZ#+*.?()[]{}|,-^$\d:=!", max_size=40)


def compiles(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(text)
            re.compile(text.encode("ascii"))
        except (re.error, Warning, OverflowError, RecursionError):
            return False
    return True


@given(EXPRESSIONS.map(lambda body: f"^{body}$") | LOOSE.map(lambda body: f"^{body}$"))
@example("^" + "(" * 126 + ")" * 126 + "$")
@example("^" + "(4{64}" * 31 + "){64}" * 10 + ")" * 21 + "$")
def test_what_is_taken_compiles(text: str) -> None:
    """Nothing that is taken is an error, or a warning, of Python's when it is compiled."""
    assume(range_problem(text) is None)
    assert compiles(text)


@given(EXPRESSIONS)
def test_of_well_formed_expressions_only_the_costly_are_refused(body: str) -> None:
    """Within the length, what the allowed pieces make up is refused for its cost alone."""
    assume(body)
    problem = range_problem(f"^{body}$")
    assert problem is None or "too long" in problem or "at most 256" in problem


def ways(body: str, number: str) -> int:
    """In how many ways ``body``, of sequences and ``4?`` alone, matches ``number``: by trying."""
    if not body:
        return int(not number)
    if body.startswith("4?"):
        taken = ways(body[2:], number[1:]) if number.startswith("4") else 0
        return taken + ways(body[2:], number)
    return ways(body[1:], number[1:]) if number.startswith("4") else 0


@given(st.lists(st.sampled_from(["4", "4?"]), min_size=1, max_size=16), st.integers(0, 16))
def test_what_has_too_many_ways_is_never_taken(pieces: list[str], length: int) -> None:
    """The count is from above: trying all ways never finds more than are allowed."""
    body = "".join(pieces)
    assume(range_problem(f"^{body}$") is None)
    assert ways(body, "4" * length) <= 10_000


@given(st.text())
def test_any_text_is_a_range_or_has_a_problem(text: str) -> None:
    """No text makes the check raise, and what is said is one printable line."""
    problem = range_problem(text)
    assert problem is None or problem.isprintable()


@pytest.mark.parametrize(
    ("address_range", "ranges"),
    [
        (b"", ()),
        (b"  ", ()),
        (b"447700900123", ("447700900123",)),
        (b"+447700900123", ("+447700900123",)),
        (b"INFO", ("INFO",)),
        (b"4477*", ("4477*",)),
        (b"*", ("*",)),
        (b"^", ("*",)),
        (b".*", ("*",)),
        (b"^.*$", ("*",)),
        (b"^4477", ("4477*",)),
        (b"^4477.*", ("4477*",)),
        (b"^4477.*$", ("4477*",)),
        (b"^\\+4477", ("+4477*",)),
        (b"^447700900123$", ("447700900123",)),
        (b"^\\+447700900123$", ("+447700900123",)),
        (b"5678$", ("^.*5678$",)),
        (b"^44[0-9]{10}$", ("^44[0-9]{10}$",)),
        (b"^44[0-9]{9,10}$", ("^44[0-9]{9,10}$",)),
        (b"^44[0-9]{9,10},33", ("^44[0-9]{9,10}.*$", "33")),
        (b"^44(77|78)", ("^44(77|78).*$",)),
        (b"44(77|78)$", ("^.*44(77|78)$",)),
        (b"447700900[0-9]", ("^.*447700900[0-9].*$",)),
        (b".*44.*", ("^.*44.*$",)),
        (b"44.*", ("^.*44.*$",)),
        (b"44\\.*", ("^.*44.*$",)),
        (b"44\\.", (r"^.*44\..*$",)),
        (b"^44[0-9]*", ("44*",)),
        (b"^44[0-9]+", ("^44[0-9].*$",)),
        (b"44\\d*", ("^.*44.*$",)),
        (b"44\\d+", (r"^.*44\d.*$",)),
        (b"[0-9]*", ("*",)),
        (b"4.*4$", ("^.*4.*4$",)),
        (b"1234,5678", ("1234", "5678")),
        (b"1234; 5678,,^44 ", ("1234", "5678", "44*")),
        (b"1234 1234", ("1234",)),
        (b"^(44)$|^(33)$", ("^(44)$", "^(33)$")),
        (b"^44|33$|55", ("44*", "^.*33$", "55")),
        (b"4" * 40, ("4" * 40,)),
    ],
)
def test_what_a_bind_asks_for(address_range, ranges):
    """SMPP v3.4 appendix A, and what people write who did not read it."""
    assert bind_ranges(address_range) == ranges


@pytest.mark.parametrize(
    ("address_range", "reason"),
    [
        (b"4" * 41, "longer than 40 octets"),
        (b"44\t", "no control characters"),
        (b"44\x7f", "no control characters"),
        (b"44\xe9", "must be ASCII"),
        (b"^$", "must not be empty"),
        (b"^(4+)+$", "too long"),
        (b"(4*)*(4*)*", "too long"),
        (b"4.*4.*4", "too long"),
        (b"44*?", "must follow"),
        (b"^44(77|78$", "not closed"),
        (b"44),33", "not opened"),
        (b"^44(7,8)", "not understood"),
        (b"4477**", "must follow"),
        (b"^44[7", "not understood"),
        (b"^44(?=7)", "not understood"),
        (b"44-77", "not understood"),
        (b"44\\$", "not understood"),
        (b"1234,^(4+)+$", "too long"),
    ],
)
def test_what_a_bind_may_not_ask_for_fails_it(address_range, reason):
    with pytest.raises(PduError, match=f"^address_range: .*{reason}") as raised:
        bind_ranges(address_range)
    assert raised.value.command_status == CommandStatus.ESME_RBINDFAIL


ASKED = st.one_of(
    st.lists(st.one_of(EXPRESSIONS, st.sampled_from([*"^$|,; *", ".*", "44"])), max_size=6).map(
        lambda pieces: "".join(pieces).encode()
    ),
    LOOSE.map(str.encode),
    st.binary(max_size=44),
)


@given(ASKED)
def test_whatever_is_asked_is_refused_or_safe(address_range):
    """Safe is what the rule for ranges takes: it compiles, and has few ways to match a number."""
    found = result(bind_ranges, address_range)
    if isinstance(found, PduError):
        assert found.command_status == CommandStatus.ESME_RBINDFAIL
        assert str(found).isprintable()
        return
    for each in found:
        assert range_problem(each) is None
        assert compiles(each) or not each.startswith("^")


@given(
    st.sampled_from(
        ["44", "4[47]", "4(4|7)", "[0-9]4", "44{2}", "4[47]*", "47+", r"4\d?7*", "47.*", "4?.+"]
    ),
    st.booleans(),
    st.booleans(),
    st.text(alphabet="47", max_size=6),
)
def test_an_expression_means_what_it_means_to_unix(body, begins, ends, number):
    """Except that digits alone are that number, which is what people mean by them."""
    asked = "^" * begins + body + "$" * ends
    (found,) = bind_ranges(asked.encode())
    if found.endswith("*"):
        matches = number.startswith(found[:-1])
    elif found.startswith("^"):
        matches = re.fullmatch(found, number) is not None
    else:
        matches = number == found
    if asked == "44":
        assert matches == (number == "44")
    else:
        assert matches == (re.search(asked, number) is not None)


@given(st.text(alphabet="^$*ab-_ .[]()|+?{}019\\", min_size=1, max_size=12))
def test_every_pattern_of_names_that_is_accepted_compiles(text: str) -> None:
    """And is one of the three forms."""
    if name_problem(text) is None and text.startswith("^"):
        re.compile(text.encode("latin-1"))
        assert text.endswith("$")


@pytest.mark.parametrize(
    "text", ["acme", "My Shop", "Info-*", "*", "^(Info|Shop)-[0-9]+$", "^[a-c_. -]+$", "US$"]
)
def test_patterns_of_names(text: str) -> None:
    assert name_problem(text) is None


@pytest.mark.parametrize(
    "text", ["", "x" * 65, "a\nb", "\u20ac", "^a", "^(a+)+$", "^a.*b.*c.*d$", "^(?=a)$", "^[z-a]$"]
)
def test_what_is_no_pattern_of_names(text: str) -> None:
    assert name_problem(text)
