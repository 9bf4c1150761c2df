"""The members of a pool: names of SMSCs, or tables that say more of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from smppgate.settings.checks import Check, Several, Whole, describe, shown
from smppgate.settings.errors import Problem
from smppgate.settings.raw import is_array
from smppgate.settings.texts import Reference

MEMBER_WEIGHT = Whole(0, 256)
_SMSC = Reference("smsc")


@attrs.frozen
class MemberSettings:
    """``{ smsc = "beta", weight = 3 }``: a member with a weight of its own in this pool.

    :param weight: None for that of its SMSC.
    """

    smsc: str
    weight: int | None = None

    def __str__(self) -> str:
        weight = "" if self.weight is None else f", weight = {self.weight}"
        return f'{{ smsc = "{self.smsc}"{weight} }}'


@attrs.frozen
class _Member(Check):
    """One member: a name or a table."""

    @property
    def allowed(self) -> str:
        """Both forms."""
        return f"{_SMSC.allowed}, or `{{ smsc = NAME, weight = {MEMBER_WEIGHT.allowed} }}`"

    @property
    def kind(self) -> str:
        """``string or table``."""
        return "string or table"

    def write(self, value: object) -> str:
        """``value`` in its form."""
        return str(value) if isinstance(value, MemberSettings) else super().write(value)

    def tidy(self, value: object) -> object:
        """A table that is one as `MemberSettings`."""
        is_table = isinstance(value, dict) and not any(_table_problems(value))
        return MemberSettings(**value) if is_table else value  # type: ignore[arg-type]

    def problems(self, value: object) -> Iterator[Problem]:
        """``value`` is neither, or something in the table is wrong."""
        if isinstance(value, MemberSettings):
            value = attrs.asdict(value)
        if isinstance(value, dict):
            yield from _table_problems(value)
        elif isinstance(value, str):
            yield from _SMSC.problems(value)
        else:
            yield Problem("", f"must be a string or a table, not {describe(value)}")


def _table_problems(table: Mapping[str, object]) -> Iterator[Problem]:
    known = {"smsc": _SMSC, "weight": MEMBER_WEIGHT}
    for key, value in table.items():
        if key not in known:
            yield Problem(f".{key}" if isinstance(key, str) else "", "unknown key")
        elif not (key == "weight" and value is None):
            for problem in known[key].problems(value):
                yield Problem(f".{key}{problem.where}", problem.text)
    if "smsc" not in table:
        yield Problem(".smsc", "is missing")


@attrs.frozen
class Members(Several):
    """An array of members that are different SMSCs."""

    item: Check = attrs.field(factory=_Member)

    @property
    def kind(self) -> str:
        """``array``."""
        return "array of strings or tables"

    def tidy(self, value: object) -> object:
        """Tables as `MemberSettings`."""
        if not is_array(value):
            return value
        return tuple(self.item.tidy(item) for item in value)

    def identity(self, item: object) -> object:
        """The name of its SMSC."""
        return name_in(item)


def name_in(member: object) -> str | None:
    """The name of the SMSC in a member, which may be raw; None where there is none."""
    if isinstance(member, MemberSettings):
        return member.smsc
    name = member.get("smsc") if isinstance(member, dict) else member
    return name if isinstance(name, str) else None


def names_in(members: object) -> Iterator[tuple[int, str]]:
    """The names of SMSCs in an array of members, which may be raw, each with its index."""
    for index, member in enumerate(members if is_array(members) else ()):
        name = name_in(member)
        if name is not None:
            yield index, name


def repeated(members: object, backup: object) -> Iterator[Problem]:
    """SMSCs of a pool that are members and backups."""
    first = {name: index for index, name in names_in(members)}
    for index, name in names_in(backup):
        if name in first:
            yield Problem(
                f"backup[{index}]", f"{shown(name)} is there already, at members[{first[name]}]"
            )
