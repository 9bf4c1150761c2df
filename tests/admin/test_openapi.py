"""The OpenAPI document says what there is: every route, and every field that is really sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from smppgate.admin.records import SHAPES, TOTALS
from smppgate.admin.shapes import iso
from smppgate.gate.relay.events import Events
from smppgate.store import StoreStatistics
from tests.admin.asking import Asking, off
from tests.admin.test_api import busy
from tests.gate.test_reload import esme, smsc

_KINDS: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "object": dict,
    "array": list,
}


def faults(schema: dict[str, Any], value: Any, document: dict[str, Any]) -> Iterator[str]:
    """Where ``value`` is not what ``schema`` says."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from faults(document["components"]["schemas"][name], value, document)
        return
    kinds = schema.get("type", list(_KINDS))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not any(isinstance(value, _KINDS[kind]) for kind in kinds) or (
        isinstance(value, bool) and "boolean" not in kinds
    ):
        yield f"{value!r} is none of {kinds}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is none of {schema['enum']}"
    if is_number and value < schema.get("minimum", value):
        yield f"{value} is too small"
    if isinstance(value, dict) and "properties" in schema:
        known, needed = set(schema["properties"]), set(schema["required"])
        if not needed <= set(value) <= known:
            yield f"{set(value) ^ known} on one side only"
        for name, each in value.items():
            yield from faults(schema["properties"].get(name, {}), each, document)
    for each in value if isinstance(value, list) and "items" in schema else ():
        yield from faults(schema["items"], each, document)


def test_every_answer_is_what_the_document_says() -> None:
    asking = busy()
    document = asking.get("openapi.json")
    names = {"name": "alpha", "system_id": "acme", "id": "1"}
    looked = 0
    for path, methods in document["paths"].items():
        schema = methods.get("get", {}).get("responses", {}).get("200", {})
        schema = schema.get("content", {}).get("application/json", {}).get("schema")
        if schema is None or path.endswith("/route"):
            continue
        for name, value in names.items():
            kind = "alpha-transceiver-1" if "/links/" in path else value
            path = path.replace(f"{{{name}}}", kind)  # noqa: PLW2901
        if "/queues/" in path:
            continue
        found = asking.get(path.removeprefix("/api/v1/"))
        assert list(faults(schema, found, document)) == [], path
        looked += 1
    assert looked >= 17


def test_answers_with_queues_and_routes_are_too() -> None:
    asking = Asking(smsc("alpha"), esme=(esme("acme", queue=True, rate=5.0),), admin=off())
    document = asking.get("openapi.json")
    for path in ("queues", "accounts", "state"):
        schema = document["paths"][f"/api/v1/{path}"]["get"]["responses"]["200"]
        schema = schema["content"]["application/json"]["schema"]
        assert list(faults(schema, asking.get(path), document)) == []
    assert len(asking.get("queues")) == 1


def test_every_route_of_the_api_is_in_it_with_its_role() -> None:
    asking = busy()
    document = asking.get("openapi.json")
    table = asking.service.face._table
    told = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    routes = [each for each in table.routes if each.path.startswith(("/api/", "/metrics"))]
    assert len(routes) > 35
    for route in routes:
        operation = told[route.method, route.path]
        assert operation.get("x-role") == route.role
        shows_messages = route.path.rpartition("/")[2] in ("trace", "capture")
        is_audited = route.method in ("POST", "PUT") or shows_messages
        assert (route.role == "operator") is route.is_audited is is_audited
        assert bool(operation["security"]) is bool(route.role)
        assert ("401" in operation["responses"]) is bool(route.role)


def test_every_operation_of_the_issue_is_there() -> None:
    paths = busy().get("openapi.json")["paths"]
    wanted = {
        **{f"smscs/{{name}}/{each}": "post" for each in ("drain", "ready", "maint", "weight")},
        **{f"links/{{id}}/{each}": "post" for each in ("drain", "ready", "maint")},
        **{f"accounts/{{system_id}}/{each}": "post" for each in ("close", "open", "kick")},
        **{f"queues/{{system_id}}/{each}": "post" for each in ("drop", "retry")},
        "sessions/{id}/kick": "post",
        "smscs/{name}/end-ejection": "post",
        "reload": "post",
        **dict.fromkeys(
            ("log-level", "state", "history", "events", "route", "me", "openapi.json"), "get"
        ),
        **dict.fromkeys(("trace", "capture"), "get"),
    }
    for path, method in wanted.items():
        assert method in paths[f"/api/v1/{path}"], path
    assert "put" in paths["/api/v1/log-level"]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_schemas_have_the_fields_of_the_records(shape: Any) -> None:
    """None is forgotten, none is invented, but for those that are made of others."""
    fields = {each.name for each in attrs.fields(shape.record) if each.repr}
    placed = {"worker"} if shape.is_placed else set()
    assert set(shape.schema()["properties"]) == fields | set(shape.derived) | placed


def test_totals_are_what_events_count() -> None:
    counts = {name for name, value in attrs.asdict(Events()).items() if type(value) is int}
    assert set(TOTALS) == counts


def test_times_and_numbers_are_as_json_has_them() -> None:
    assert iso(1_700_000_000.25) == "2023-11-14T22:13:20.250Z"
    assert iso(0) is None
    (shape,) = [each for each in SHAPES if each.record is StoreStatistics]
    assert (
        json.loads(json.dumps(shape.plain(StoreStatistics()), allow_nan=False))["paths_recent"]
        == 0
    )
