"""The OpenAPI document (3.1): made of the routes and the shapes, so it is what they are."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from smppgate.admin.messages import JSON, PROBLEM
from smppgate.admin.records import SHAPES, TOTALS
from smppgate.admin.routes import Parameter, Route
from smppgate.admin.shapes import Schema, object_schema
from smppgate.settings.log_side import LEVELS

_COUNT: Schema = {"type": "integer", "minimum": 0}
_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
_LISTS = {
    "listeners": "Listener",
    "accounts": "Account",
    "sessions": "Session",
    "smscs": "Smsc",
    "links": "Link",
    "pools": "Pool",
    "routes": "Route",
    "rewrites": "Rewrite",
    "hooks": "Hook",
    "queues": "Queue",
    "peers": "Peer",
    "workers": "Worker",
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The document of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "smppgate", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    made: dict[str, Any] = {
        "summary": route.summary,
        "security": [{"basic": []}] if route.role else [],
        "parameters": [*map(_in_path, route.names), *map(_in_query, route.query)],
        "responses": _responses(route),
    }
    if route.role:
        made["x-role"] = route.role
    if route.body:
        schema = object_schema(
            {each.name: _described(each) for each in route.body},
            tuple(each.name for each in route.body if not each.is_required),
        )
        is_required = any(each.is_required for each in route.body)
        made["requestBody"] = {"required": is_required, "content": {JSON: {"schema": schema}}}
    return made


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.is_required,
        "description": parameter.meaning,
        "schema": parameter.schema,
    }


def _described(parameter: Parameter) -> Schema:
    meaning = {"description": parameter.meaning} if parameter.meaning else {}
    return {**parameter.schema, **meaning}


def _responses(route: Route) -> dict[str, Any]:
    content: dict[str, Any] = {route.content_type: {}}
    if route.result is not None:
        content = {route.content_type: {"schema": route.result}}
    found = {str(route.status): {"description": route.summary, "content": content}}
    statuses = set(route.statuses)
    statuses |= {400, 403} | ({401, 429} if route.role else set())
    statuses |= {413, 415, 422} if route.body is not None else set()
    for status in sorted(statuses):
        if status < 300 or (not route.role and status in route.statuses):
            found[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
        else:
            found[str(status)] = _problem(status)
    return found


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM: {"schema": schema}},
    }


def _schemas() -> dict[str, Schema]:
    text: Schema = {"type": "string"}
    error = object_schema({"path": text, "message": text})
    return {
        **{shape.name: shape.schema() for shape in SHAPES},
        "Problem": object_schema(
            {
                "type": text,
                "title": text,
                "status": {"type": "integer"},
                "detail": text,
                "errors": {"type": "array", "items": error},
            },
            ("errors",),
        ),
        "Me": object_schema({"user": text, "role": {"enum": ["viewer", "operator"]}}),
        "Reloaded": object_schema({"reloaded": {"const": True}}),
        "LogLevel": object_schema({"level": {"enum": list(LEVELS)}}),
        "State": _state(),
        "History": _history(),
    }


def _state() -> Schema:
    text: Schema = {"type": "string"}
    return object_schema(
        {
            "name": text,
            "version": text,
            "time": _TIME,
            "started_at": _TIME,
            "uptime_seconds": {"type": "number"},
            "is_stopping": {"type": "boolean"},
            "open_exchanges": _COUNT,
            "unrouted": _COUNT,
            "totals": object_schema(dict.fromkeys(TOTALS, _COUNT)),
            "related": {"$ref": "#/components/schemas/Related"},
            "store": {"$ref": "#/components/schemas/Store"},
            **{
                name: {"type": "array", "items": {"$ref": f"#/components/schemas/{shape}"}}
                for name, shape in _LISTS.items()
            },
        }
    )


def _history() -> Schema:
    texts: Schema = {"type": "array", "items": {"type": "string"}}
    return object_schema(
        {
            "interval_seconds": {"type": "number"},
            "columns": texts,
            "smscs": texts,
            "samples": {"type": "array", "items": {"type": "array"}},
        }
    )
