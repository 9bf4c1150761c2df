"""Checks for the kinds of text that settings hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import attrs

from smppgate.settings.checks import Check, describe, kind_of, shown
from smppgate.settings.errors import Problem
from smppgate.settings.tags import LONGEST_TAG, is_tag
from smppgate.txsmpp.address_range import range_problem

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


@attrs.frozen
class Text(Check):
    """A string; `faults` of a subclass says which."""

    def faults(self, text: str) -> Iterator[str]:
        """All that is wrong with ``text``; here nothing is."""
        yield from ()

    def problems(self, value: object) -> Iterator[Problem]:
        """Not a string, or one with faults."""
        if isinstance(value, str):
            yield from (Problem("", fault) for fault in self.faults(value))
        else:
            yield Problem("", f"must be a string, not {describe(value)}")


@attrs.frozen
class Octets(Text):
    """A text that goes on the wire: Latin-1, one octet a character, without control characters.

    ``maximum`` counts octets without the NUL that ends a C-octet string (SMPP v3.4 §3.1).
    """

    minimum: int
    maximum: int

    @property
    def allowed(self) -> str:
        """The length."""
        return f"{self.minimum} to {self.maximum} octets"

    def faults(self, text: str) -> Iterator[str]:
        """Too short, too long, or not fit for the wire. The text itself is not shown."""
        if len(text) < self.minimum:
            yield "must not be empty"
        if len(text) > self.maximum:
            yield f"must be at most {self.maximum} octets, not {len(text)}"
        if _CONTROL.search(text):
            yield "must have no control characters"
        if any(character > "\xff" for character in text):
            yield "must be Latin-1, one octet for each character"


@attrs.frozen
class Secret(Octets):
    """A password: `Octets` that no message shows, not even one of the wrong kind."""

    def problems(self, value: object) -> Iterator[Problem]:
        """As for any text, with no more than the kind of a wrong value."""
        if isinstance(value, str):
            yield from super().problems(value)
        else:
            yield Problem("", f"must be a string, not {kind_of(value)}")


@attrs.frozen
class Name(Text):
    """A name that other settings refer to and that logs show; empty only if ``optional``."""

    optional: bool = False

    @property
    def allowed(self) -> str:
        """The characters."""
        return f"letters, digits, `_`, `.`, `-`{_or_empty(self.optional)}"

    def faults(self, text: str) -> Iterator[str]:
        """Empty, or with other characters."""
        if not (_NAME.fullmatch(text) or (self.optional and not text)):
            yield f"must be letters, digits, '_', '.' and '-', not {shown(text)}"


@attrs.frozen
class ShortTag(Text):
    """What message ids of an SMSC begin with, or nothing."""

    @property
    def allowed(self) -> str:
        """The characters, and how many."""
        return f"1 to {LONGEST_TAG} letters and digits{_or_empty(True)}"

    def faults(self, text: str) -> Iterator[str]:
        """Too long, or with other characters."""
        if text and not is_tag(text):
            yield f"must be 1 to {LONGEST_TAG} letters and digits, not {shown(text)}"


@attrs.frozen
class FolderPath(Text):
    """The path of a folder, which need not be there yet."""

    @property
    def allowed(self) -> str:
        """That it is a path."""
        return "path of a folder"

    def faults(self, text: str) -> Iterator[str]:
        """Empty, or with what no path should have."""
        if not text:
            yield "must not be empty"
        if _CONTROL.search(text):
            yield "must have no control characters"


@attrs.frozen
class Reference(Text):
    """A name defined elsewhere in the file; whether it is, is checked with the whole file."""

    section: str

    @property
    def allowed(self) -> str:
        """Where the name must be."""
        return f"name of a `[[{self.section}]]`"


@attrs.frozen
class Choice(Text):
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """The words, quoted."""
        return ", ".join(f'`"{word}"`' for word in self.words)

    def faults(self, text: str) -> Iterator[str]:
        """None of the words."""
        if text not in self.words:
            yield f"must be {self._any()}, not {shown(text)}"

    def problems(self, value: object) -> Iterator[Problem]:
        """As for any text; a number that looks like one of the words lacks its quotes."""
        if isinstance(value, float) and str(value) in self.words:
            yield Problem("", f'must be a string: put it in quotes, "{value}"')
        else:
            yield from super().problems(value)

    def _any(self) -> str:
        return " or ".join(f'"{word}"' for word in self.words)


@attrs.frozen
class AddressRange(Text):
    """Destination numbers: ``prefix*``, an exact number, or ``^regex$``."""

    @property
    def allowed(self) -> str:
        """The three forms."""
        return '`"prefix*"`, `"number"`, `"^regex$"`'

    def faults(self, text: str) -> Iterator[str]:
        """None of the three forms."""
        fault = range_problem(text)
        if fault is not None:
            yield fault


@attrs.frozen
class Endpoint(Text):
    """A Twisted endpoint string; ``fault`` says what is wrong with one, or None.

    An empty one is for ``fault`` to judge too, unless it is ``optional``.
    """

    side: str
    fault: Callable[[str], str | None]
    optional: bool = False

    @property
    def allowed(self) -> str:
        """Whether one listens or connects."""
        return f"Twisted {self.side} endpoint{_or_empty(self.optional)}"

    def faults(self, text: str) -> Iterator[str]:
        """Not one that Twisted can make an endpoint of."""
        if self.optional and not text:
            return
        if _CONTROL.search(text):
            yield "must have no control characters"
        elif (fault := self.fault(text)) is not None:
            yield fault


def _or_empty(optional: bool) -> str:
    return ", or empty" if optional else ""
