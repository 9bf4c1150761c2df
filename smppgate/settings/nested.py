"""Tables inside of a table: ``[[admin.user]]`` in ``[admin]``."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from smppgate.settings.checks import Check, Several, kind_of
from smppgate.settings.errors import Problem
from smppgate.settings.tables import Table


@attrs.frozen
class Nested(Check):
    """One table of class ``table``."""

    table: type[Table]

    @property
    def kind(self) -> str:
        """``table``."""
        return "table"

    @property
    def none(self) -> str:
        """``none``."""
        return "none"

    def write(self, value: object) -> str:
        """What it is known by."""
        return self.none if value is None else str(value)

    def problems(self, value: object) -> Iterator[Problem]:
        """Another class. A table of the right class has checked itself."""
        if not isinstance(value, self.table):
            yield Problem("", f"must be {self.table.__name__}, not {kind_of(value)}")


def nested_in(check: Check) -> Nested | None:
    """What the table of a value is checked by, or each of several tables; None for no table."""
    one = check.item if isinstance(check, Several) else check
    return one if isinstance(one, Nested) else None
