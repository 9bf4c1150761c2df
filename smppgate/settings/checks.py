"""Checks of a setting's value: one class for each kind of value.

A check is in the metadata of a field, so that a file, a program that makes the settings itself and
the documentation have the same rule. Checks do not convert between kinds: ``"10"`` is no integer
and ``true`` is no 1. There are two exceptions: an integer for seconds, and a list for a tuple.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator

import attrs

from smppgate.settings.errors import Problem

LONGEST_SHOWN = 60
"""Characters of a value that an error shows; the rest is cut."""
LARGEST_SHOWN = 10**18
"""Integers from here on are not shown: Python refuses to write out thousands of digits."""

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
    """The kind of ``value`` in TOML's words, without the value itself."""
    for types, words in _KINDS:
        if isinstance(value, types):
            return words
    return f"a value of type {type(value).__name__}"


def describe(value: object) -> str:
    """The kind of ``value`` in TOML's words and, except for arrays and tables, the value."""
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
    """``text`` in quotes for an error: on one line, printable, at most `LONGEST_SHOWN` long."""
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "...")


def shown_integer(value: int) -> str:
    """``value`` in digits, if there are at most 18 of them."""
    return str(value) if abs(value) < LARGEST_SHOWN else "of more than 18 digits"


@attrs.frozen
class Check:
    """A rule for one setting's value. This base class refuses every value."""

    @property
    def kind(self) -> str:
        """The kind of value in TOML's words, for the documentation."""
        return "string"

    @property
    def allowed(self) -> str:
        """The valid values of that kind, for the documentation; empty if all are."""
        return ""

    @property
    def none(self) -> str:
        """What the documentation calls a value that is left out; empty where there is no such."""
        return ""

    @property
    def is_placed(self) -> bool:
        """Whether it is a path that counts from the folder of the configuration."""
        return False

    def write(self, value: object) -> str:
        """``value`` as the configuration file writes it."""
        return f'"{value}"'

    def tidy(self, value: object) -> object:
        """``value`` in the form that the settings keep; an invalid one is returned unchanged."""
        return value

    def problems(self, value: object) -> Iterator[Problem]:
        """The problems of ``value``, which `tidy` has returned."""
        yield Problem("", f"must not be {kind_of(value)}")


@attrs.frozen
class Whole(Check):
    """An integer from ``minimum`` to ``maximum``."""

    minimum: int
    maximum: int
    hexadecimal: bool = False

    @property
    def kind(self) -> str:
        """``integer``."""
        return "integer"

    @property
    def allowed(self) -> str:
        """The smallest and the largest."""
        return f"{self.write(self.minimum)} to {self.write(self.maximum)}"

    def write(self, value: object) -> str:
        """``value`` in decimal, or as ``0x08`` if it is ``hexadecimal``."""
        return f"0x{value:02X}" if self.hexadecimal else str(value)

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is not an integer, or out of range."""
        if isinstance(value, bool) or not isinstance(value, int):
            yield Problem("", f"must be an integer, not {describe(value)}")
        elif value < self.minimum:
            yield Problem("", f"must be at least {self.minimum}, not {shown_integer(value)}")
        elif value > self.maximum:
            yield Problem("", f"must be at most {self.maximum}, not {shown_integer(value)}")


@attrs.frozen
class Number(Check):
    """A number, with or without a fraction. This base class refuses what is none."""

    @property
    def kind(self) -> str:
        """``number``."""
        return "number"

    def write(self, value: object) -> str:
        """``value`` with a decimal point."""
        return str(value)

    def tidy(self, value: object) -> object:
        """An integer as a float; infinite if it is too large for one."""
        if isinstance(value, bool) or not isinstance(value, int):
            return value
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf


@attrs.frozen
class Seconds(Number):
    """A finite number of seconds, more than 0; with ``zero`` 0 is valid too, and means off."""

    zero: bool = False

    @property
    def allowed(self) -> str:
        """Whether it may be 0."""
        return "0 or more" if self.zero else "more than 0"

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is not a number, not finite, or too small."""
        if not isinstance(value, float):
            yield Problem("", f"must be a number of seconds, not {describe(value)}")
        elif not math.isfinite(value):
            yield Problem("", f"must be a finite number of seconds, not {value}")
        elif value < 0 or (value == 0 and not self.zero):
            least = "at least 0" if self.zero else "more than 0"
            yield Problem("", f"must be {least}, not {value}")


@attrs.frozen
class Amount(Number):
    """A number from ``least`` to ``most``, or 0, which means none."""

    least: float
    most: float

    @property
    def allowed(self) -> str:
        """0, the smallest and the largest."""
        return f"0, or {self.least:g} to {self.most:.0f}"

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is not a number, or out of range."""
        if not isinstance(value, float):
            yield Problem("", f"must be a number, not {describe(value)}")
        elif value != 0 and not self.least <= value <= self.most:
            yield Problem("", f"must be {self.allowed}, not {value}")


@attrs.frozen
class Part(Check):
    """A part of a whole: a number from 0 to 1."""

    @property
    def kind(self) -> str:
        """``number``."""
        return "number"

    @property
    def allowed(self) -> str:
        """From nothing to all of it."""
        return "0.0 to 1.0"

    def write(self, value: object) -> str:
        """``value`` with a decimal point."""
        return str(value)

    def tidy(self, value: object) -> object:
        """The integers 0 and 1 as floats."""
        is_whole = not isinstance(value, bool) and isinstance(value, int) and value in (0, 1)
        return float(value) if is_whole and isinstance(value, int) else value

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is not a number, or out of range."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield Problem("", f"must be a number from 0 to 1, not {describe(value)}")
        elif not 0 <= value <= 1:
            yield Problem("", f"must be from 0 to 1, not {describe(value)}")


@attrs.frozen
class Flag(Check):
    """True or false."""

    @property
    def kind(self) -> str:
        """``boolean``."""
        return "boolean"

    @property
    def allowed(self) -> str:
        """``true`` and ``false``."""
        return "`true` or `false`"

    def write(self, value: object) -> str:
        """``value`` as TOML writes it."""
        return str(value).lower()

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is not a boolean."""
        if not isinstance(value, bool):
            yield Problem("", f"must be true or false, not {describe(value)}")


@attrs.frozen
class Several(Check):
    """An array of at least ``minimum`` items that pass ``item`` and differ from each other."""

    item: Check
    minimum: int = 0

    @property
    def kind(self) -> str:
        """``array of``, with the kind of the items."""
        return f"array of {self.item.kind}s"

    @property
    def allowed(self) -> str:
        """The valid values of an item, and whether there must be one."""
        return f"{'at least one of: ' if self.minimum else ''}{self.item.allowed}"

    def write(self, value: object) -> str:
        """``value`` on one line."""
        items = value if isinstance(value, tuple) else ()
        return f"[{', '.join(self.item.write(item) for item in items)}]"

    def tidy(self, value: object) -> object:
        """A list as a tuple."""
        return tuple(value) if isinstance(value, list) else value

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is not an array, has too few items, invalid ones or equal ones."""
        if not isinstance(value, tuple):
            yield Problem("", f"must be an array, not {describe(value)}")
            return
        if len(value) < self.minimum:
            yield Problem("", "must not be empty")
        first: dict[str, int] = {}
        for index, item in enumerate(value):
            for problem in self.item.problems(item):
                yield Problem(f"[{index}]{problem.where}", problem.text)
            name = self.identity(item)
            if isinstance(name, str) and first.setdefault(name, index) != index:
                yield Problem(f"[{index}]", f"{shown(name)} is there already, at [{first[name]}]")

    def identity(self, item: object) -> object:
        """A text by which no two items may be known; another value where there is none."""
        return item
