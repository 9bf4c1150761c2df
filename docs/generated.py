"""Pages of the reference that are made of the code: the commands, and the paths of the API."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from smppgate.admin.api import table
from smppgate.admin.openapi import document
from smppgate.cli.main import GROUPS, command_parsers, whole_parser

COLUMNS = "98"
"""Of the help of commands."""


def write_pages(folder: Path) -> None:
    """Write all of them; what has not changed stays as it is, so that it is not read again."""
    folder.mkdir(exist_ok=True)
    api = openapi()
    pages = {
        "commands.md": _text(commands()),
        "api-paths.md": _text(paths(api)),
        "openapi.json": json.dumps(api, indent=1),
    }
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def commands() -> Iterator[str]:
    """Each command with its help."""
    os.environ["COLUMNS"] = COLUMNS
    parsers = command_parsers(whole_parser())
    yield "# Commands\n\nWhat `smppgate COMMAND --help` says; smppgate(1) has the same."
    for title, group in GROUPS.items():
        yield f"## {title[0].upper()}{title[1:]}"
        for name in group:
            yield f"### smppgate {name}"
            yield f"```text\n{parsers[name].format_help()}```"


def openapi() -> dict[str, Any]:
    """The document that a gate answers at ``/api/v1/openapi.json``."""
    # The document asks nothing of what answers.
    routes = table(Mock(), Mock()).routes
    return document(route for route in routes if route.path.startswith(("/api/", "/metrics")))


def paths(api: Mapping[str, Any]) -> Iterator[str]:
    """Each path of the API, and each schema."""
    yield (
        "# Paths of the API\n\nMade of the same code as {download}`openapi.json`, which a gate "
        "gives at `/api/v1/openapi.json`. How it is used is in [the API](../api.md)."
    )
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield f"## {method.upper()} {path}"
            yield f"{operation['summary']} For {_role(operation)}."
            yield from _parameters(operation)
            yield f"Answers {', '.join(_answers(operation))}."
    yield "## Schemas"
    for name, schema in api["components"]["schemas"].items():
        yield f"### {name}"
        yield _table(schema.get("properties", {}))


def _answers(operation: Mapping[str, Any]) -> Iterator[str]:
    """Each status, and what comes with one of success."""
    for status, response in operation["responses"].items():
        kinds = [_kind(each.get("schema", {})) for each in response.get("content", {}).values()]
        is_told = status.startswith("2") and kinds and kinds != ["any"]
        yield f"{status} ({kinds[0]})" if is_told else status


def _role(operation: Mapping[str, Any]) -> str:
    return {None: "everybody", "viewer": "viewers and operators"}.get(
        operation.get("x-role"), "operators"
    )


def _parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    found = {
        parameter["name"]: {**parameter["schema"], "description": parameter.get("description", "")}
        for parameter in operation["parameters"]
    }
    if found:
        yield _table(found)
    content = operation.get("requestBody", {}).get("content", {})
    for body in content.values():
        yield f"In the body:\n\n{_table(body['schema']['properties'])}"


def _table(properties: Mapping[str, Any]) -> str:
    rows = ["| name | kind | meaning |", "|---|---|---|"]
    for name, schema in properties.items():
        meaning = schema.get("description", "").replace("|", "\\|")
        rows.append(f"| `{name}` | {_kind(schema)} | {meaning} |")
    return "\n".join(rows)


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(each)}`" for each in schema["enum"])
    kind = schema.get("type", "any")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    return f"{kind} of {_kind(schema['items'])}" if "items" in schema else kind


def _text(parts: Iterator[str]) -> str:
    return "\n\n".join(parts) + "\n"
