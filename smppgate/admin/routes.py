"""`Route`: a line of the API's table, of which the dispatch and the OpenAPI document are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from attrs import field, frozen

from smppgate.admin.guard import User
from smppgate.admin.messages import JSON, Answer, Asked, Problem
from smppgate.admin.shapes import Schema
from smppgate.settings.admin_side import OPERATOR, VIEWER

Check = Callable[[Any], Any]
"""Gives what is made of a value, and raises ValueError where it cannot be."""


@frozen(kw_only=True)
class Parameter:
    """A parameter of the query, or a key of the body.

    :ivar read: makes a value of it: of the text of a query, or of what JSON has. It raises
        ValueError with what is wrong.
    :ivar default: of one that is not there; it is not read.
    """

    name: str
    schema: Schema
    read: Check
    meaning: str = ""
    is_required: bool = False
    default: Any = None


@frozen(kw_only=True)
class Call:
    """A request for a route, read and checked.

    :ivar names: the parts of the path in braces.
    :ivar query: `Parameter.name` to value.
    :ivar body: the same for the body.
    """

    asked: Asked
    user: User
    names: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]


Handle = Callable[[Call], "Coroutine[Any, Any, Answer]"]


@frozen(kw_only=True)
class Route:
    """One method of one path.

    :ivar path: with names in braces for the parts that differ.
    :ivar role: that the user needs at least; empty where anybody may ask.
    :ivar body: keys of the body; None where none is taken.
    :ivar result: the schema of the answer, or its name; None where it is not JSON.
    :ivar content_type: of the answer.
    :ivar statuses: other statuses than that of success which it gives by itself.
    """

    method: str
    path: str
    handle: Handle
    summary: str
    role: str = VIEWER
    query: Sequence[Parameter] = ()
    body: Sequence[Parameter] | None = None
    result: Schema | str | None = None
    status: int = 200
    content_type: str = JSON
    statuses: Sequence[int] = ()
    parts: tuple[str, ...] = field(init=False)

    @parts.default
    def _split(self) -> tuple[str, ...]:
        return tuple(self.path.split("/"))

    @property
    def names(self) -> list[str]:
        """The names in the path."""
        return [part[1:-1] for part in self.parts if part.startswith("{")]

    @property
    def is_audited(self) -> bool:
        """Whether it changes something, or shows messages: each is a line of the log."""
        return self.role == OPERATOR

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """The names of a path in these parts; None where it is not this route's."""
        if len(parts) != len(self.parts):
            return None
        names: dict[str, str] = {}
        for own, part in zip(self.parts, parts, strict=True):
            if own.startswith("{"):
                names[own[1:-1]] = part
            elif own != part:
                return None
        return names

    def _meant(self, query: Mapping[str, str]) -> Mapping[str, str]:
        """The query without what others may have added: a page has no parameters of its own."""
        return query if self.path.startswith("/api/") else {}

    def call(self, asked: Asked, user: User, names: Mapping[str, str]) -> Call:
        """The request, read and checked.

        :raises Problem: 400, 415 or 422.
        """
        return Call(
            asked=asked,
            user=user,
            names=names,
            query=_read(self.query, self._meant(asked.query), 400),
            body={} if self.body is None else _read(self.body, _document(asked), 422),
        )


class Table:
    """All routes."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)

    def find(self, asked: Asked) -> tuple[Route, dict[str, str]]:
        """The route of a request, and the names in its path.

        :raises Problem: 404 or 405.
        """
        parts = tuple(unquote(part) for part in asked.path.split("/"))
        method = "GET" if asked.method == "HEAD" else asked.method
        allowed = []
        for route in self.routes:
            names = route.match(parts)
            if names is None:
                continue
            if route.method == method:
                return route, names
            allowed.append(route.method)
        if allowed:
            methods = ", ".join([*allowed, *(["HEAD"] if "GET" in allowed else [])])
            raise Problem(405, f"only {methods} here", headers={"Allow": methods})
        raise Problem(404, "there is nothing here")


def _document(asked: Asked) -> Mapping[str, Any]:
    """The body, an object in JSON; none is an empty one."""
    if not asked.body.strip():
        return {}
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Problem(415, f"the body must be {JSON}")
    try:
        found = json.loads(asked.body)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON") from None
    if not isinstance(found, dict):
        raise Problem(422, "the body must be an object", errors=[("", "must be an object")])
    return found


def _read(
    parameters: Sequence[Parameter], given: Mapping[str, Any], status: int
) -> dict[str, Any]:
    errors = [(name, "is not known") for name in given if name not in {p.name for p in parameters}]
    values: dict[str, Any] = {}
    for each in parameters:
        values[each.name] = each.default
        if each.name in given:
            try:
                values[each.name] = each.read(given[each.name])
            except ValueError as error:
                errors.append((each.name, str(error)))
        elif each.is_required:
            errors.append((each.name, "is missing"))
    if errors:
        detail = "; ".join(f"{name} {text}" for name, text in errors)
        raise Problem(status, detail[:500], errors=errors)
    return values
