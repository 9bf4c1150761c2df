"""What every table of the settings has in common.

A field's metadata is the one place where a setting is described: its check, its unit, a help
text, and whether a running gate could take a new value. The documentation and the example
file are held to it by a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from smppgate.settings.checks import Check, Whole
from smppgate.settings.errors import Problem, SettingsError
from smppgate.settings.texts import Octets, Secret

# Lengths without the NUL: SMPP v3.4 §5.2.1 to §5.2.7. The specification ends a password after
# 8 octets; providers hand out longer ones, so they are accepted and `check` warns.
SYSTEM_ID = Octets(1, 15)
PASSWORD = Secret(0, 64)
COUNT = Whole(1, 1_000_000)


def told(check: Check, meaning: str, unit: str = "", reloadable: bool = True) -> dict[str, Any]:
    """Metadata of a field: its ``check``, ``help``, ``unit`` and whether it is ``reloadable``."""
    return {"check": check, "help": meaning, "unit": unit, "reloadable": reloadable}


@attrs.frozen
class Table:
    """One TOML table; its fields' checks run whenever one is made."""

    def __attrs_post_init__(self) -> None:
        problems = tuple(self._problems()) or tuple(self._relations())
        if problems:
            raise SettingsError(f"{problem.where}: {problem.text}" for problem in problems)

    def _problems(self) -> Iterator[Problem]:
        for field in attrs.fields(type(self)):
            check: Check = field.metadata["check"]
            value = check.tidy(getattr(self, field.name))
            # Frozen begins when the object is made; until then this is attrs' own way in.
            object.__setattr__(self, field.name, value)
            for problem in check.problems(value):
                yield Problem(f"{field.name}{problem.where}", problem.text)

    def _relations(self) -> Iterator[Problem]:
        """What is wrong between fields that are right each by itself."""
        yield from ()
