"""`Shape`: how a record is written as JSON, and the schema that says so.

Both are made from the attrs class and from nothing else, so they cannot differ. Times, fields
called ``since`` or ``time``, are ISO 8601 in UTC; 0 is no time. What is absent or not finite is
null.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Union

import attrs
from attrs import field, frozen

from smppgate.admin.joins import Joins

Schema = dict[str, Any]

_TIMES = frozenset({"since", "time", "started_at"})
_WORKER: Schema = {"type": "integer", "minimum": 1}
_PLAIN: dict[object, str] = {str: "string", int: "integer", bool: "boolean", float: "number"}


@frozen
class Derived:
    """A field that is made of the whole record.

    :ivar make: gives its value, which JSON has.
    """

    schema: Schema
    make: Callable[[Any], object]


@frozen
class Shape:
    """How records of one class are written.

    :ivar name: of the schema.
    :ivar derived: fields that take the place of those of the record, or are added.
    :ivar joins: how records of several workers become one; None where they do not.
    :ivar is_placed: whether each is of one worker: it says of which then, as ``worker``.
    """

    name: str
    record: type
    derived: Mapping[str, Derived] = field(factory=dict)
    joins: Joins | None = None
    is_placed: bool = False
    _fields: list[tuple[str, Callable[[Any], object]]] = field(init=False)

    @_fields.default
    def _made_fields(self) -> list[tuple[str, Callable[[Any], object]]]:
        plain = [
            (name, _getter(name, kind))
            for name, kind in _kinds(self.record).items()
            if name not in self.derived
        ]
        return plain + [(name, each.make) for name, each in self.derived.items()]

    def plain(self, record: object) -> dict[str, object]:
        """``record`` as JSON has it."""
        return {name: make(record) for name, make in self._fields}

    def schema(self) -> Schema:
        """The JSON Schema of `plain`."""
        properties = self.properties()
        if self.is_placed:
            return object_schema({**properties, "worker": _WORKER}, ("worker",))
        return object_schema(properties)

    def properties(self) -> dict[str, Schema]:
        """The schemas of the fields of `plain`."""
        properties = {
            name: _schema(name, kind)
            for name, kind in _kinds(self.record).items()
            if name not in self.derived
        }
        return properties | {name: each.schema for name, each in self.derived.items()}


def object_schema(properties: Mapping[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """The schema of an object that has these, and nothing else."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def iso(seconds: float) -> str | None:
    """Seconds since 1970 as ISO 8601; None for 0."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def finite(value: float) -> float | None:
    """``value``, or None where it is infinite or no number."""
    return value if math.isfinite(value) else None


def _kinds(record: type) -> dict[str, object]:
    hints = typing.get_type_hints(record)
    return {each.name: hints[each.name] for each in attrs.fields(record) if each.repr}


def _getter(name: str, kind: object) -> Callable[[Any], object]:
    if name in _TIMES:
        return lambda record: iso(getattr(record, name))
    convert = _converter(kind)
    if convert is None:
        return lambda record: getattr(record, name)
    return lambda record: convert(getattr(record, name))


def _converter(kind: Any) -> Callable[[Any], object] | None:
    """What makes JSON of a value; None where it is the value itself."""
    inner = _of_tuple(kind)
    if inner is not None:
        each = _converter(inner)
        return list if each is None else lambda values: [each(value) for value in values]
    if attrs.has(kind):
        return Shape(kind.__name__, kind).plain
    if _is_float(kind):
        return lambda value: None if value is None else finite(value)
    return None


def _schema(name: str, kind: Any) -> Schema:
    if name in _TIMES:
        return {"type": ["string", "null"], "format": "date-time"}
    inner = _of_tuple(kind)
    if inner is not None:
        return {"type": "array", "items": _schema("", inner)}
    if attrs.has(kind):
        return object_schema(Shape(kind.__name__, kind).properties())
    if _is_float(kind):
        return {"type": ["number", "null"]}
    options = typing.get_args(kind) if _is_union(kind) else (kind,)
    named = [_PLAIN[each] for each in options if each is not types.NoneType]
    named += ["null"] if types.NoneType in options else []
    return {"type": named[0] if len(named) == 1 else named}


def _of_tuple(kind: object) -> object | None:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else None


def _is_union(kind: object) -> bool:
    return isinstance(kind, types.UnionType) or typing.get_origin(kind) is Union


def _is_float(kind: object) -> bool:
    return kind is float or (_is_union(kind) and float in typing.get_args(kind))
