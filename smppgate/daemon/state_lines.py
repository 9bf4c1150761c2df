"""State as lines for the log: any tree of attrs objects, whatever attributes it has.

A line is an object with its plain attributes; the objects in it have lines of their own behind it,
which begin with the way to them: ``accounts acme sessions 1: address=192.0.2.1 open=3``.
Attributes that `repr` does not show are not shown here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, cast

import attrs
from twisted.internet.task import Cooperator

from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

NAMES = ("name", "system_id")
"""Attributes that an object among others is known by; the first it has counts."""


def state_lines(state: object, path: str = "state") -> Iterator[str]:
    """The lines of ``state``, an attrs object."""
    plain: list[str] = []
    inner: list[tuple[str, object]] = []
    for name, value in _attributes(state):
        parts = list(_parts(name, value))
        inner += parts
        if not parts and not _is_empty(value):
            plain.append(f"{name}={_shown(value)}")
    if plain or not inner:
        yield f"{path}: {' '.join(plain)}".rstrip()
    for where, part in inner:
        yield from state_lines(part, where if path == "state" else f"{path} {where}")


def log_lines(lines: Iterable[str], log: Logger, clock: Clock) -> None:
    """Write ``lines`` into ``log``, some a turn of the reactor."""

    def written() -> Iterator[None]:
        for line in lines:
            log.info("{line}", line=line)
            yield

    Cooperator(scheduler=partial(clock.callLater, 0.0)).cooperate(written())


def _attributes(state: object) -> Iterator[tuple[str, object]]:
    fields: tuple[attrs.Attribute[object], ...] = attrs.fields(cast(Any, type(state)))
    for field in fields:
        if field.repr:
            yield field.name, getattr(state, field.name)


def _parts(name: str, value: object) -> Iterator[tuple[str, object]]:
    """The attrs objects in an attribute, each with the way to it."""
    if attrs.has(type(value)):
        yield name, value
    elif isinstance(value, Mapping):
        yield from (
            (f"{name} {key}", each) for key, each in value.items() if attrs.has(type(each))
        )
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value, 1):
            if attrs.has(type(each)):
                yield f"{name} {_name(each) or number}", each


def _name(value: object) -> str:
    """What the object is known by; empty where it has no name."""
    found = (getattr(value, name, None) for name in NAMES)
    return next((_shown(each) for each in found if each), "")


def _is_empty(value: object) -> bool:
    """Whether it is a collection of nothing, which might have been one of objects."""
    return isinstance(value, Mapping | list | tuple | set | frozenset) and not value


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ",".join(f"{_shown(key)}:{_shown(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ",".join(_shown(each) for each in value)
    if isinstance(value, set | frozenset):
        return ",".join(sorted(_shown(each) for each in value))
    return str(value)
