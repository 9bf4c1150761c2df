"""Checks of texts: one class for each kind."""

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
    """A string without `faults`."""

    def faults(self, text: str) -> Iterator[str]:
        """The faults of ``text``; this base class finds none."""
        yield from ()

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is not a string, or has faults."""
        if isinstance(value, str):
            yield from (Problem("", fault) for fault in self.faults(value))
        else:
            yield Problem("", f"must be a string, not {describe(value)}")


@attrs.frozen
class Octets(Text):
    """A C-octet string: Latin-1, so that each character is one octet, no control characters.

    ``minimum`` and ``maximum`` are in octets, without the NUL at its end (SMPP v3.4 §3.1).
    """

    minimum: int
    maximum: int

    @property
    def allowed(self) -> str:
        """The lengths."""
        return f"{self.minimum} to {self.maximum} octets"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is too short, too long, or has other characters. No fault shows ``text``."""
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
    """A password: `Octets` that no error shows, also if the value is no string."""

    @property
    def none(self) -> str:
        """``none``."""
        return "none"

    def problems(self, value: object) -> Iterator[Problem]:
        """As of `Octets`; of a value that is no string only the kind is shown."""
        if isinstance(value, str):
            yield from super().problems(value)
        else:
            yield Problem("", f"must be a string, not {kind_of(value)}")


@attrs.frozen
class Name(Text):
    """A name for other settings and for logs; empty only if ``optional``."""

    optional: bool = False

    @property
    def allowed(self) -> str:
        """The valid characters."""
        return f"letters, digits, `_`, `.`, `-`{_or_empty(self.optional)}"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is empty, or has other characters."""
        if not (_NAME.fullmatch(text) or (self.optional and not text)):
            yield f"must be letters, digits, '_', '.' and '-', not {shown(text)}"


@attrs.frozen
class ShortTag(Text):
    """The tag of an SMSC, or empty."""

    @property
    def allowed(self) -> str:
        """The valid lengths and characters."""
        return f"1 to {LONGEST_TAG} letters and digits{_or_empty(True)}"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is too long, or has other characters."""
        if text and not is_tag(text):
            yield f"must be 1 to {LONGEST_TAG} letters and digits, not {shown(text)}"


@attrs.frozen
class FolderPath(Text):
    """The path of a folder, which need not exist yet."""

    @property
    def allowed(self) -> str:
        """``path of a folder``."""
        return "path of a folder"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is empty, or has control characters."""
        if not text:
            yield "must not be empty"
        if _CONTROL.search(text):
            yield "must have no control characters"


@attrs.frozen
class FilePath(Text):
    """The path of a file, or empty.

    :param others: what else it may be, in words.
    """

    others: str = ""

    @property
    def allowed(self) -> str:
        """``path of a file, or empty``."""
        return (
            f"path of a file, {self.others}, or empty"
            if self.others
            else "path of a file, or empty"
        )

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has control characters, or is a folder by its name."""
        if _CONTROL.search(text):
            yield "must have no control characters"
        if text.endswith("/"):
            yield f"must be a file, not a folder: {shown(text)}"


@attrs.frozen
class Reference(Text):
    """A name of a table in ``section``; `relations` checks that there is one."""

    section: str

    @property
    def allowed(self) -> str:
        """The section that has the name."""
        return f"name of a `[[{self.section}]]`"


@attrs.frozen
class Choice(Text):
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """The words, in quotes."""
        return ", ".join(f'`"{word}"`' for word in self.words)

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is none of the words."""
        if text not in self.words:
            yield f"must be {self._any()}, not {shown(text)}"

    def problems(self, value: object) -> Iterator[Problem]:
        """As of `Text`; of a number that is one of the words, that it needs quotes."""
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
        """The three forms of a range."""
        return '`"prefix*"`, `"number"`, `"^regex$"`'

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has none of the three forms."""
        fault = range_problem(text)
        if fault is not None:
            yield fault


@attrs.frozen
class Endpoint(Text):
    """A Twisted endpoint string for ``side``, ``"server"`` or ``"client"``.

    ``fault`` returns the fault of a string, or None. An ``optional`` one may be empty.
    """

    side: str
    fault: Callable[[str], str | None]
    optional: bool = False

    @property
    def allowed(self) -> str:
        """The side, and whether it may be empty."""
        return f"Twisted {self.side} endpoint{_or_empty(self.optional)}"

    def faults(self, text: str) -> Iterator[str]:
        """``text`` has control characters, or Twisted cannot make an endpoint of it."""
        if self.optional and not text:
            return
        if _CONTROL.search(text):
            yield "must have no control characters"
        elif (fault := self.fault(text)) is not None:
            yield fault


def _or_empty(optional: bool) -> str:
    return ", or empty" if optional else ""
