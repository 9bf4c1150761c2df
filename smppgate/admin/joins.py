"""`Joins`: what several processes say of one thing as one record: a rule for each of its fields.

A rule is given the name of a field and the records that are to be one, as JSON has them, in the
order of their processes. Which rule a field has stands with the shape of its record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

Row = Mapping[str, Any]
"""A record as JSON has it."""

Rule = Callable[[str, Sequence[Row]], Any]


def same(name: str, rows: Sequence[Row]) -> Any:
    """A setting: it is the same in all of them."""
    return rows[0][name]


def total(name: str, rows: Sequence[Row]) -> Any:
    """The sum of those that are known."""
    known = _known(name, rows)
    return sum(known) if known else None


def most(name: str, rows: Sequence[Row]) -> Any:
    """The greatest that is known; of times, the latest."""
    return max(_known(name, rows), default=None)


def least(name: str, rows: Sequence[Row]) -> Any:
    """The least that is known; of times, the earliest."""
    return min(_known(name, rows), default=None)


def told(name: str, rows: Sequence[Row]) -> Any:
    """The first that is not empty."""
    return next((row[name] for row in rows if row[name]), rows[0][name])


def any_of(name: str, rows: Sequence[Row]) -> bool:
    """Whether it is so in one of them."""
    return any(row[name] for row in rows)


def none_of(name: str, rows: Sequence[Row]) -> list[Any]:
    """An empty list: what the processes have of each other is no one else's business."""
    return []


def merged(name: str, rows: Sequence[Row]) -> list[Any]:
    """Lists as one, without what is in several of them."""
    return list(dict.fromkeys(each for row in rows for each in row[name]))


def each_total(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Counts by their names, each summed up."""
    found: Counter[str] = Counter()
    for row in rows:
        found.update(row[name])
    return dict(found)


_DECIDED = ("drain", "maint", "closed")


def decided(name: str, rows: Sequence[Row]) -> Any:
    """What an operator has decided: on its way from one state to the next it is not there yet."""
    found = {row[name] for row in rows}
    return next((state for state in _DECIDED if state in found), rows[0][name])


def mean_by(weight: str) -> Rule:
    """The mean, in which each counts as much as its field ``weight`` says."""

    def mean(name: str, rows: Sequence[Row]) -> Any:
        known = [row for row in rows if row[name] is not None]
        weights = sum(row[weight] or 0 for row in known)
        if not weights:
            return most(name, rows)
        return sum(row[name] * (row[weight] or 0) for row in known) / weights

    return mean


def where_linked(rule: Rule) -> Rule:
    """``rule`` for those that have links of their own to this SMSC, if any has.

    The others reach it by way of these, which count the same messages.
    """

    def where(name: str, rows: Sequence[Row]) -> Any:
        return rule(name, [row for row in rows if row["links"]["up"]] or rows)

    return where


@frozen
class Joins:
    """How records of one kind are joined.

    :ivar rules: of each field.
    :ivar key: by which fields records are known: those that agree in them are one.
    """

    rules: Mapping[str, Rule]
    key: tuple[str, ...] = ()

    def one(self, rows: Sequence[Row]) -> dict[str, Any]:
        """These records as one."""
        return {name: rule(name, rows) for name, rule in self.rules.items()}

    def rows(self, lists: Iterable[Iterable[Row]]) -> list[dict[str, Any]]:
        """Lists of several processes as one."""
        groups = Groups(self.key)
        for rows in lists:
            groups.begin()
            for row in rows:
                groups.add(row)
        return [self.one(each) for each in groups.all()]


class Groups:
    """Records of several lists, by what they are known by, in the order in which they came.

    Those that one list has twice are two: rules without a name are called the same.
    """

    def __init__(self, key: tuple[str, ...]) -> None:
        self._key = key
        self._seen: Counter[tuple[Any, ...]] = Counter()
        self._groups: dict[tuple[Any, ...], list[Row]] = {}

    def begin(self) -> None:
        """What comes now is of another list."""
        self._seen.clear()

    def add(self, row: Row) -> None:
        """A record of the list that has begun."""
        key = tuple(row[name] for name in self._key)
        self._seen[key] += 1
        self._groups.setdefault((*key, self._seen[key]), []).append(row)

    def all(self) -> list[list[Row]]:
        """The records that are one each."""
        return list(self._groups.values())


def each_record(joins: Joins) -> Rule:
    """Lists of records within records."""
    return lambda name, rows: joins.rows(row[name] for row in rows)


def one_record(joins: Joins) -> Rule:
    """Records within records."""
    return lambda name, rows: joins.one([row[name] for row in rows])


def _known(name: str, rows: Sequence[Row]) -> list[Any]:
    return [row[name] for row in rows if row[name] is not None]
