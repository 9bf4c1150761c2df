"""Lists of workers as one, made a little at a time, however long they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from smppgate.admin.joins import Groups, Row
from smppgate.admin.shapes import Shape
from smppgate.admin.slices import json_array
from smppgate.txsmpp.clock import Clock

_decode = json.JSONDecoder().raw_decode


def rows_of(text: str) -> Iterator[Any]:
    """The values of an array, one after the other."""
    return (row for _, row in members_of(f'{{"":{text}}}'))


def members_of(text: str) -> Iterator[tuple[str, Any]]:
    """The members of an object with their names; of an array, each of its values.

    It is written without spaces.
    """
    at = 1
    while text[at] != "}":
        name, at = _decode(text, at)
        at += 1
        if text[at] == "[":
            at += 1
            while text[at] != "]":
                value, at = _decode(text, at)
                yield name, value
                at += text[at] == ","
            at += 1
        else:
            value, at = _decode(text, at)
            yield name, value
        at += text[at] == ","


class JoinedList:
    """Records of one shape of several workers; a shape without rules has none.

    :param amend: given each record, to put in what the master knows.
    """

    def __init__(
        self, shape: Shape, amend: Callable[[dict[str, Any]], None] | None = None
    ) -> None:
        self._shape = shape
        self._amend = amend
        self._groups = Groups(shape.joins.key if shape.joins is not None else ())
        self._placed: list[Row] = []
        self._worker = 0

    def begin(self, worker: int) -> None:
        """What comes now is that worker's."""
        self._worker = worker
        self._groups.begin()

    def taken(self, text: str) -> Iterator[None]:
        """Add the records of the list ``text``, one at a time."""
        for row in rows_of(text):
            self.add(row)
            yield

    def add(self, row: dict[str, Any]) -> None:
        """A record."""
        if self._amend is not None:
            self._amend(row)
        if self._shape.is_placed:
            row["worker"] = self._worker
            self._placed.append(row)
        elif self._shape.joins is not None:
            self._groups.add(row)

    async def octets(self, clock: Clock) -> bytes:
        """All of them in JSON."""
        joins = self._shape.joins
        if joins is not None:
            return await json_array(joins.one, self._groups.all(), clock)
        return await json_array(lambda row: row, self._placed, clock)


class JoinedState:
    """The lists of several workers, and what else their states have.

    :ivar heads: that of each worker.
    """

    def __init__(self, lists: Mapping[str, JoinedList]) -> None:
        self.lists = lists
        self.heads: list[dict[str, Any]] = []

    def taken(self, worker: int, text: str) -> Iterator[None]:
        """Add the state ``text`` of ``worker``, a record at a time."""
        head: dict[str, Any] = {}
        self.heads.append(head)
        for each in self.lists.values():
            each.begin(worker)
        for name, value in members_of(text):
            if name in self.lists:
                self.lists[name].add(value)
            else:
                head[name] = value
            yield


def joined_one(shape: Shape, found: list[tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    """What workers, by their numbers, have of one object."""
    if shape.joins is not None:
        return shape.joins.one([row for _, row in found])
    number, row = found[0]
    return {**row, "worker": number} if shape.is_placed else row
