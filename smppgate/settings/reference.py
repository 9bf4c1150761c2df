"""The settings as rows of text, made from the classes; the documentation must agree with them.

``python -m smppgate.settings.reference`` prints the tables of ``docs/settings.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import attrs

from smppgate.settings.checks import Check
from smppgate.settings.model import TABLES, heading
from smppgate.settings.takes import Takes

HEADINGS = ("key", "value", "allowed", "default", "takes effect", "meaning")


@attrs.frozen
class Row:
    """The description of one setting, as text."""

    section: str
    key: str
    kind: str
    unit: str
    allowed: str
    default: str
    takes: Takes
    meaning: str

    def markdown(self) -> str:
        """Its line in the documentation's table."""
        cells = (
            f"`{self.key}`",
            f"{self.kind}, {self.unit}" if self.unit else self.kind,
            self.allowed,
            f"`{self.default}`" if self.default else "required",
            self.takes.value,
            self.meaning,
        )
        return f"| {' | '.join(cells)} |"

    def comment(self) -> str:
        """The comment above its key in the example file, as one line."""
        facts = (
            self.unit or self.kind,
            self.allowed.replace("`", ""),
            f"default {self.default}" if self.default else "required",
        )
        return f"{self.meaning} ({'; '.join(fact for fact in facts if fact)})"


def rows() -> tuple[Row, ...]:
    """All settings, in the order of the classes and of their fields."""
    return tuple(
        _row(section, field)
        for section, table in TABLES.items()
        for field in attrs.fields(table)
        if f"{section}.{field.name}" not in TABLES
    )


def markdown(section: str) -> Iterator[str]:
    """The lines of the documentation's table for ``section``."""
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|{'---|' * len(HEADINGS)}"
    yield from (row.markdown() for row in rows() if row.section == section)


def _row(section: str, field: attrs.Attribute[object]) -> Row:
    check: Check = field.metadata["check"]
    return Row(
        section=section,
        key=field.name,
        kind=check.kind,
        unit=field.metadata["unit"],
        allowed=check.allowed,
        default=_default(check, field.default),
        takes=field.metadata["takes"],
        meaning=field.metadata["help"],
    )


def _default(check: Check, default: object) -> str:
    if default is attrs.NOTHING:
        return ""
    return check.none if default is None else check.write(default)


if __name__ == "__main__":
    for name in TABLES:
        sys.stdout.write("\n".join((f"## `{heading(name)}`", "", *markdown(name), "", "")))
