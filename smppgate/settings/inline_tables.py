"""Settings whose value is a table of its own: ``{ mask = 0x03, value = 0x01 }``."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from smppgate.settings.checks import Check, describe
from smppgate.settings.errors import Problem
from smppgate.settings.tables import Table


@attrs.frozen
class Inline(Check):
    """A table of class ``table`` as the value of one key."""

    table: type[Table]

    @property
    def kind(self) -> str:
        """``table``."""
        return "table"

    @property
    def none(self) -> str:
        """``none``."""
        return "none"

    @property
    def allowed(self) -> str:
        """Its keys, with what each may be."""
        fields = attrs.fields(self.table)
        return "; ".join(f"`{f.name}`: {f.metadata['check'].allowed}" for f in fields)

    def write(self, value: object) -> str:
        """``value`` as the configuration file writes it."""
        if value is None:
            return self.none
        fields = attrs.fields(self.table)
        pairs = ((f.name, f.metadata["check"].write(getattr(value, f.name))) for f in fields)
        return f"{{ {', '.join(f'{name} = {text}' for name, text in pairs)} }}"

    def tidy(self, value: object) -> object:
        """A mapping without problems as an object of the class."""
        if not isinstance(value, dict) or any(self.problems(value)):
            return value
        return self.table(**value)

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is no table, has unknown keys, or values that cannot be."""
        if isinstance(value, self.table):
            return
        if not isinstance(value, dict):
            yield Problem("", f"must be a table, not {describe(value)}")
            return
        fields = {field.name: field for field in attrs.fields(self.table)}
        for key in sorted(key for key in value if key not in fields):
            yield Problem(f".{key}", "unknown key")
        found = list(self._of_fields(value, fields))
        yield from found
        if not found:
            for problem in self.table.clashes(self.table.filled(value)):
                yield Problem(f".{problem.where}", problem.text)

    def _of_fields(
        self, value: dict[str, object], fields: dict[str, attrs.Attribute[object]]
    ) -> Iterator[Problem]:
        for name, field in fields.items():
            if name not in value:
                if field.default is attrs.NOTHING:
                    yield Problem(f".{name}", "is missing")
                continue
            check: Check = field.metadata["check"]
            for problem in check.problems(check.tidy(value[name])):
                yield Problem(f".{name}{problem.where}", problem.text)
