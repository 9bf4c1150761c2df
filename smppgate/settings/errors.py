"""What is said when a configuration cannot be used.

A `Problem` is found by a check and knows no more than the place inside its own value. A
`SettingsError` is all problems of a file at once, ready to be shown. Neither ever holds the
value of a password.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """One thing wrong with a value.

    ``where`` is the place inside the value (``""`` for all of it, ``"[2]"``, ``"window"``),
    ``text`` says what is wrong and reads on after ``where: ``.
    """

    where: str
    text: str


class BadValue(ValueError):
    """Raised while a file is read: one key's value has ``problems``."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.text for problem in self.problems))


class SettingsError(ValueError):
    """Settings that cannot be used.

    ``errors`` has one line for each thing wrong, with its path, such as
    ``esme[0].window: must be at least 1, not 0``. ``name`` is the file's name, or empty; the
    error as text is a line for each of ``errors``, each after ``name``.
    """

    def __init__(self, errors: Iterable[str], name: str = "") -> None:
        self.errors = tuple(_printable(error) for error in errors)
        self.name = name
        super().__init__(self.errors, name)

    def __str__(self) -> str:
        prefix = f"{self.name}: " if self.name else ""
        return "\n".join(prefix + error for error in self.errors)


def _printable(text: str) -> str:
    """What cannot be seen in Python's notation: Twisted's own words have the file's in them."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
