"""`json_line`: an event of the log as one JSON object on a line, for programs that read logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from twisted.logger import LogEvent, formatEvent
from twisted.python.failure import Failure

MOST_TEXT = 20_000
"""Characters of a text, and of a traceback, of which the end is kept. Texts of the gate are
shorter: `shown` cuts what is filled in."""

FIRST = ("time", "level", "namespace", "code", "text")
"""The fields of each line; only some have a code."""

OTHERWISE_TOLD = (*FIRST, "line", "traceback")
"""Names that no value should have: it would not be told."""


def json_line(event: LogEvent) -> str | None:
    """The line of ``event`` with the line end behind it, in ASCII; None where it has no text."""
    text = _text(event)
    if not text:
        return None
    line = {
        "time": _time(event.get("log_time")),
        "level": getattr(event.get("log_level"), "name", "info"),
        "namespace": str(event.get("log_namespace", "")),
        "code": event.get("code"),
        "text": text[:MOST_TEXT],
        **dict(_values(event)),
        "traceback": _traceback(event)[-MOST_TEXT:],
    }
    told = {name: value for name, value in line.items() if value not in ("", None)}
    return json.dumps(told, separators=(",", ":")) + "\n"


def _time(at: float | None) -> str:
    """ISO 8601, UTC, in milliseconds."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _text(event: LogEvent) -> str:
    """The line for people, without its code and its traceback."""
    text = formatEvent(event)
    if "traceback" in event:
        text = text.removesuffix(f"\n{event['traceback']}")
    return text.removeprefix(f"{event.get('code', '')} ") or str(_failure(event) or "")


def _values(event: LogEvent) -> Iterator[tuple[str, Any]]:
    """What the gate's own loggers have filled in: nothing else is known to be safe."""
    for name in event.get("log_fields", ()):
        if name not in OTHERWISE_TOLD:
            yield name, _json_of(event[name])


def _json_of(value: Any) -> Any:
    """JSON has no number that is infinite, or none."""
    return value if not isinstance(value, float) or isfinite(value) else str(value)


def _traceback(event: LogEvent) -> str:
    failure = _failure(event)
    return str(failure.getTraceback()) if failure is not None else str(event.get("traceback", ""))


def _failure(event: LogEvent) -> Failure | None:
    failure = event.get("log_failure")
    return failure if isinstance(failure, Failure) else None
