"""Which address ranges are taken: the three forms, and expressions that cannot run away."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from smppgate.settings.ranges import LONGEST_ADDRESS, LONGEST_REGEX, range_problem


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
