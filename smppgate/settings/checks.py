"""What a setting's value may be: one small class for each kind of value.

A check is data that the settings classes carry in their fields' metadata, so that a file, a
program that builds the classes itself, and the documentation go by the same rule. Checks do
not convert between kinds: ``"10"`` is no integer and ``true`` is no 1. The two liberties are
an integer where seconds are wanted, and a list where a tuple is.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator

import attrs

from smppgate.settings.errors import Problem

# Longer values are cut where an error shows them.
LONGEST_SHOWN = 60
# Python refuses to write out integers of thousands of digits; nobody wants to read them.
LARGEST_SHOWN = 10**18

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    ((list, tuple), "an array"),
    (dict, "a table"),
    ((datetime.date, datetime.time), "a date or time"),
)


def kind_of(value: object) -> str:
    """Name the kind of ``value`` in TOML's words, and nothing of what it holds."""
    for types, words in _KINDS:
        if isinstance(value, types):
            return words
    return f"a value of type {type(value).__name__}"


def describe(value: object) -> str:
    """Name the kind of ``value`` and, where it is short, what it is."""
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int):
        return f"the integer {shown_integer(value)}"
    if isinstance(value, float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the string {shown(value)}"
    return kind_of(value)


def shown(text: str) -> str:
    """Quote ``text`` for an error: on one line, printable, and cut when it is long."""
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "...")


def shown_integer(value: int) -> str:
    """``value`` in digits, unless there are too many of them."""
    return str(value) if abs(value) < LARGEST_SHOWN else "of more than 18 digits"


@attrs.frozen
class Check:
    """A rule for one setting's value; on its own it refuses every value."""

    @property
    def kind(self) -> str:
        """The kind of value, in TOML's words."""
        return "string"

    @property
    def allowed(self) -> str:
        """Which values of that kind, for the documentation; empty for all."""
        return ""

    def write(self, value: object) -> str:
        """``value`` as the configuration file writes it."""
        return f'"{value}"'

    def tidy(self, value: object) -> object:
        """``value`` in the form that the settings keep; what does not fit stays as it is."""
        return value

    def problems(self, value: object) -> Iterator[Problem]:
        """All that is wrong with ``value``, which has been tidied."""
        yield Problem("", f"must not be {kind_of(value)}")


@attrs.frozen
class Whole(Check):
    """An integer from ``minimum`` to ``maximum``."""

    minimum: int
    maximum: int
    hexadecimal: bool = False

    @property
    def kind(self) -> str:
        """Integer."""
        return "integer"

    @property
    def allowed(self) -> str:
        """The range."""
        return f"{self.write(self.minimum)} to {self.write(self.maximum)}"

    def write(self, value: object) -> str:
        """In digits, or as command_status values are written."""
        return f"0x{value:02X}" if self.hexadecimal else str(value)

    def problems(self, value: object) -> Iterator[Problem]:
        """Not an integer, or out of range."""
        if isinstance(value, bool) or not isinstance(value, int):
            yield Problem("", f"must be an integer, not {describe(value)}")
        elif value < self.minimum:
            yield Problem("", f"must be at least {self.minimum}, not {shown_integer(value)}")
        elif value > self.maximum:
            yield Problem("", f"must be at most {self.maximum}, not {shown_integer(value)}")


@attrs.frozen
class Seconds(Check):
    """A time in seconds, finite and more than 0; 0 itself only where it means off."""

    zero: bool = False

    @property
    def kind(self) -> str:
        """Number."""
        return "number"

    @property
    def allowed(self) -> str:
        """Whether 0 is."""
        return "0 or more" if self.zero else "more than 0"

    def write(self, value: object) -> str:
        """With its decimal point."""
        return str(value)

    def tidy(self, value: object) -> object:
        """Make a float of an integer."""
        if isinstance(value, bool) or not isinstance(value, int):
            return value
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf

    def problems(self, value: object) -> Iterator[Problem]:
        """Not a number, not finite, or not enough."""
        if not isinstance(value, float):
            yield Problem("", f"must be a number of seconds, not {describe(value)}")
        elif not math.isfinite(value):
            yield Problem("", f"must be a finite number of seconds, not {value}")
        elif value < 0 or (value == 0 and not self.zero):
            least = "at least 0" if self.zero else "more than 0"
            yield Problem("", f"must be {least}, not {value}")


@attrs.frozen
class Flag(Check):
    """True or false."""

    @property
    def kind(self) -> str:
        """Boolean."""
        return "boolean"

    @property
    def allowed(self) -> str:
        """Both."""
        return "`true` or `false`"

    def write(self, value: object) -> str:
        """As TOML writes it."""
        return str(value).lower()

    def problems(self, value: object) -> Iterator[Problem]:
        """Not a boolean."""
        if not isinstance(value, bool):
            yield Problem("", f"must be true or false, not {describe(value)}")


@attrs.frozen
class Several(Check):
    """An array in which each item passes ``item`` and none comes twice."""

    item: Check
    minimum: int = 0

    @property
    def kind(self) -> str:
        """An array of the item's kind."""
        return f"array of {self.item.kind}s"

    @property
    def allowed(self) -> str:
        """What each item may be, and whether there must be one."""
        return f"{'at least one of: ' if self.minimum else ''}{self.item.allowed}"

    def write(self, value: object) -> str:
        """On one line."""
        items = value if isinstance(value, tuple) else ()
        return f"[{', '.join(self.item.write(item) for item in items)}]"

    def tidy(self, value: object) -> object:
        """Make a tuple of a list."""
        return tuple(value) if isinstance(value, list) else value

    def problems(self, value: object) -> Iterator[Problem]:
        """Not an array, too few items, an item that is wrong or comes again."""
        if not isinstance(value, tuple):
            yield Problem("", f"must be an array, not {describe(value)}")
            return
        if len(value) < self.minimum:
            yield Problem("", "must not be empty")
        first: dict[str, int] = {}
        for index, item in enumerate(value):
            for problem in self.item.problems(item):
                yield Problem(f"[{index}]{problem.where}", problem.text)
            if isinstance(item, str) and first.setdefault(item, index) != index:
                yield Problem(f"[{index}]", f"{shown(item)} is there already, at [{first[item]}]")
