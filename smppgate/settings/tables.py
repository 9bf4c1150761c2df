"""What every table of the settings has in common.

A field's metadata is the one place where a setting is described: its check, its unit, a help
text, and whether a running gate could take a new value. The documentation and the example
file are held to it by a test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import attrs

from smppgate.settings.checks import Check, Whole
from smppgate.settings.errors import Problem, SettingsError
from smppgate.settings.texts import Octets, Secret

# Lengths without the NUL: SMPP v3.4 §5.2.1 to §5.2.7. The specification ends a password after
# 8 octets; providers hand out longer ones, so they are accepted and `check` warns.
SYSTEM_ID = Octets(1, 15)
PASSWORD = Secret(0, 64)
COUNT = Whole(1, 1_000_000)
# Against the weights of others.
WEIGHT = Whole(1, 256)


def told(check: Check, meaning: str, unit: str = "", reloadable: bool = True) -> dict[str, Any]:
    """Metadata of a field: its ``check``, ``help``, ``unit`` and whether it is ``reloadable``."""
    return {"check": check, "help": meaning, "unit": unit, "reloadable": reloadable}


@attrs.frozen
class Table:
    """One TOML table; its fields' checks run whenever one is made."""

    RENAMED: ClassVar[Mapping[str, str]] = {}
    """Keys of earlier versions → what they are called now."""

    def __attrs_post_init__(self) -> None:
        problems = tuple(self._problems()) or tuple(self._relations())
        if problems:
            raise SettingsError(f"{problem.where}: {problem.text}" for problem in problems)

    @classmethod
    def between(cls, table: Mapping[str, object]) -> Iterator[Problem]:
        """What is wrong between values of ``table`` that are right each by itself.

        ``table`` is `filled`; a value of the wrong kind is passed over.
        """
        yield from ()

    @classmethod
    def filled(cls, table: Mapping[str, object]) -> dict[str, object]:
        """``table`` with defaults for what it leaves out; what has none stays out."""
        defaults = {field.name: field.default for field in attrs.fields(cls)}
        return _given(defaults) | _given(table)

    def _problems(self) -> Iterator[Problem]:
        for field in attrs.fields(type(self)):
            if field.default is None and getattr(self, field.name) is None:
                continue
            check: Check = field.metadata["check"]
            value = check.tidy(getattr(self, field.name))
            # Frozen begins when the object is made; until then this is attrs' own way in.
            object.__setattr__(self, field.name, value)
            for problem in check.problems(value):
                yield Problem(f"{field.name}{problem.where}", problem.text)

    def _relations(self) -> Iterator[Problem]:
        """What is wrong between fields that are right each by itself."""
        return self.between(_given(attrs.asdict(self, recurse=False)))


def _given(table: Mapping[str, object]) -> dict[str, object]:
    """Without what is not there: a program says None where a file has no key."""
    return {key: value for key, value in table.items() if value not in (None, attrs.NOTHING)}
