"""The errors of a configuration that cannot be used.

A check finds `Problem`s, each with its place inside the checked value. A `SettingsError` has all
problems of a file as text. Neither holds the value of a password.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from smppgate.txsmpp.printable import printable


class Problem(NamedTuple):
    """One thing wrong with a value.

    ``where`` is the place inside the value: ``""`` for the whole, ``"[2]"``, ``"window"``.
    ``text`` says what is wrong, as the rest of a line that begins with ``where: ``.
    """

    where: str
    text: str


class BadValue(ValueError):
    """The value of one key has ``problems``; raised and caught while a file is read."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.text for problem in self.problems))


class SettingsError(ValueError):
    """Settings that cannot be used.

    ``errors`` has one line for each problem, with its path, such as
    ``esme[0].window: must be at least 1, not 0``. ``name`` is the file's name, or empty. As text
    the error is these lines, each with ``name`` in front.
    """

    def __init__(self, errors: Iterable[str], name: str = "") -> None:
        self.errors = tuple(printable(error) for error in errors)
        self.name = name
        super().__init__(self.errors, name)

    def __str__(self) -> str:
        prefix = f"{self.name}: " if self.name else ""
        return "\n".join(prefix + error for error in self.errors)
