"""``smppgate trace``: PDUs as they pass through a running gate, decoded, and what it decided."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from smppgate.cli.control.asking import Asking, add_json, print_json
from smppgate.cli.control.client import Gate
from smppgate.cli.control.errors import NotReached
from smppgate.cli.control.events import SILENCE, Reading, lines_of
from smppgate.cli.control.screen import print_lines
from smppgate.cli.control.tables import Cell, Line
from smppgate.cli.control.texts import moment, several, shown
from smppgate.cli.control.traffic import add_interest, query_of

_STYLES = {"no_pdu": "red", "left_out": "red", "waiting": "yellow", "closed": "yellow"}

_NAMES = {
    "source_addr": "from",
    "destination_addr": "to",
    "short_message": "text",
    "message_payload": "text",
    "message_id": "id",
}
"""What a line calls fields that are in most messages; others are called as they are."""

_ADDRESSES = {"source_addr": "source_addr", "destination_addr": "dest_addr"}
"""What the names of the types of an address begin with."""

_TYPES = tuple(f"{of}_{what}" for of in _ADDRESSES.values() for what in ("ton", "npi"))


def trace_line(value: Any) -> Line:
    """One of what was seen, for people."""
    if not isinstance(value, dict):
        return (Cell(shown(value)),)
    kind = shown(value.get("kind"))
    style = "red" if value.get("status") else _STYLES.get(kind, "")
    cells = [Cell(_time(value.get("time")), "dim"), Cell(_where(value)), Cell(_what(value), style)]
    details = " ".join(_details(value))
    if details:
        cells.append(Cell(details))
    decision = _decision(value.get("decision"))
    if decision:
        cells.append(Cell(f"[{decision}]", "cyan"))
    return tuple(cells)


def _time(value: Any) -> str:
    found = moment(value)
    return shown(value) if found is None else _local(found)


def _local(found: datetime) -> str:
    return found.astimezone().strftime("%H:%M:%S.%f")


def _where(value: dict[str, Any]) -> str:
    """``ESME acme/17 >``: what it sent; ``> ESME acme/17``: what it was sent."""
    if "side" not in value:
        return ""
    if value.get("side") == "esme":
        name = f"ESME {shown(value.get('account'))}/{shown(value.get('session'))}"
    else:
        name = f"SMSC {shown(value.get('link'))}"
    return f"{name} >" if value.get("direction") == "received" else f"> {name}"


def _what(value: dict[str, Any]) -> str:
    kind = value.get("kind")
    if kind == "pdu":
        what = f"{shown(value.get('command'))} {shown(value.get('number'))}"
        if "status" in value:
            what += f" {shown(value.get('status_name'))}"
            if value.get("status"):
                what += f" ({shown(value.get('meaning'))})"
        return what
    if kind == "left_out":
        count = value.get("count")
        number = count if isinstance(count, int) else 0
        return f"{several(number, 'line')} left out: more passes than is written"
    return {"no_pdu": "no PDU", "waiting": "waits", "closed": "connection closed"}.get(
        str(kind), shown(kind)
    )


def _details(value: dict[str, Any]) -> Iterator[str]:
    if shown(value.get("command")).startswith("bind"):
        yield f"at {shown(value.get('peer'))}"
    if "undecoded" in value:
        yield f"not decoded: {shown(value.get('undecoded'))}"
    fields = value.get("fields")
    fields = fields if isinstance(fields, dict) else {}
    yield from (_field(fields, name) for name in fields if name not in _TYPES)
    tlvs = value.get("tlvs")
    for tlv in tlvs if isinstance(tlvs, list) else []:
        if isinstance(tlv, dict):
            tag = shown(tlv.get("tag"))
            yield f"{_NAMES.get(tag, tag)} {_readable(tlv.get('value'))}"


def _field(fields: dict[str, Any], name: str) -> str:
    """``registered_delivery 1``; an address with its types: ``to 447700900123 (1/1)``."""
    word = f"{_NAMES.get(name, name)} {_readable(fields[name])}"
    if name not in _ADDRESSES:
        return word
    ton, npi = (shown(fields.get(f"{_ADDRESSES[name]}_{what}", 0)) for what in ("ton", "npi"))
    return f"{word} ({ton}/{npi})"


def _readable(value: Any) -> str:
    if isinstance(value, str):
        plain = value and not any(sign in value for sign in " \"'")
        return shown(value) if plain else f'"{"" if not value else shown(value)}"'
    return shown(value)


_DECIDED = {
    "why": "{}",
    "route": "route {}",
    "pool": "pool {}",
    "from": "from {}",
    "receipt_of": "receipt of {}",
}


def _decision(decision: Any) -> str:
    """What the gate decided: ``route uk, pool main, attempt 2``."""
    if not isinstance(decision, dict):
        return ""
    words = [
        form.format(shown(decision[name])) for name, form in _DECIDED.items() if name in decision
    ]
    if decision.get("attempt") not in (None, 1):
        words.append(f"attempt {shown(decision['attempt'])}")
    if "number" in decision:
        words.insert(0, f"request {shown(decision['number'])}")
    return ", ".join(words)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_interest(parser)
    add_json(parser)


def _work(gate: Gate, args: argparse.Namespace) -> int:
    headers = {"Accept": "text/event-stream"}
    reading = Reading("")
    query = query_of(args)
    with gate.stream("trace", headers=headers, silence=SILENCE, query=query) as answer:
        for line in lines_of(answer, str(gate)):
            try:
                event = reading.taken(line)
            except ValueError:
                raise NotReached(f"{gate} sends something else than JSON") from None
            if event is not None:
                _print(event.value, args.json)
    if args.seconds is None:
        raise NotReached(f"{gate} has ended the stream")
    return 0


def _print(value: Any, is_json: bool) -> None:
    if is_json:
        print_json(value, indent=None)
    else:
        print_lines([trace_line(value)])
        sys.stdout.flush()


TRACE = Asking(
    "Show PDUs as they pass, decoded, on the sides of both ESMEs and SMSCs, and in brackets what "
    "the gate decided. An ESME is named by its account and session. Passwords are masked, and "
    "texts unless --text is given. It goes on until Ctrl-C.",
    _add_arguments,
    _work,
)
