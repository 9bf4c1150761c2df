"""PDUs as they pass, as lines for people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smppgate.cli.control.tables import plain
from smppgate.cli.control.trace import trace_line
from tests.cli.control.conftest import Command
from tests.cli.control.fake_gate import FakeGate, Request

SUBMIT = {
    "time": "2026-01-31T22:00:00.123456Z",
    "kind": "pdu",
    "side": "esme",
    "account": "acme",
    "session": 17,
    "peer": "192.0.2.7:4000",
    "direction": "received",
    "command": "submit_sm",
    "number": 5,
    "octets": 60,
    "fields": {
        "source_addr_ton": 5,
        "source_addr": "ACME Ltd",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": "447700900123",
        "short_message": "*****",
    },
}
RESP = {
    **SUBMIT,
    "direction": "sent",
    "command": "submit_sm_resp",
    "status": 0x58,
    "status_name": "ESME_RTHROTTLED",
    "meaning": "throttled",
    "fields": {"message_id": ""},
    "decision": {"why": "over the window of its session"},
}
ON_LINK = {
    "time": "2026-01-31T22:00:00.2Z",
    "kind": "pdu",
    "side": "smsc",
    "link": "alpha transceiver 1",
    "direction": "sent",
    "command": "submit_sm",
    "number": 3,
    "fields": {},
    "tlvs": [
        {"tag": "message_payload", "value": "**", "octets": 2},
        {"tag": "0x1401", "value": "*"},
    ],
    "decision": {"pool": "main", "route": "uk", "smsc": "alpha", "attempt": 2},
}


def text(value: Any) -> str:
    """Without the time, which is of the zone of this process."""
    return plain(trace_line(value)).partition("  ")[2]


def test_a_line_tells_who_what_and_why() -> None:
    assert text(SUBMIT) == (
        'ESME acme/17 >  submit_sm 5  from "ACME Ltd" (5/0) to 447700900123 (1/1) text *****'
    )
    assert text(RESP) == (
        "> ESME acme/17  submit_sm_resp 5 ESME_RTHROTTLED (throttled)"
        '  id ""  [over the window of its session]'
    )
    assert text(ON_LINK) == (
        "> SMSC alpha transceiver 1  submit_sm 3  text ** 0x1401 *"
        "  [route uk, pool main, attempt 2]"
    )


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ({"kind": "left_out", "count": 7}, "7 lines left out"),
        ({**SUBMIT, "kind": "waiting", "decision": {"number": 5}}, "waits"),
        ({**SUBMIT, "kind": "closed", "decision": {"why": "lost"}}, "connection closed"),
        ({**SUBMIT, "kind": "no_pdu"}, "no PDU"),
        ({**SUBMIT, "command": "bind_receiver"}, "at 192.0.2.7:4000"),
        ({**SUBMIT, "undecoded": "no NUL"}, "not decoded: no NUL"),
        ({**SUBMIT, "fields": {"system_id": "a\x1b[1m"}}, "a\\x1b[1m"),
        ({"kind": 3, "fields": 4, "tlvs": [5], "decision": 6, "count": "x"}, "3"),
        ("text", "text"),
        (None, "-"),
    ],
)
def test_whatever_comes_is_a_line(value: Any, part: str) -> None:
    found = plain(trace_line(value))
    assert part in found
    assert found.isprintable()


def test_what_is_asked_for_is_asked_of_the_gate(
    gate: FakeGate, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    queries: list[str] = []

    def answer(request: Request) -> None:
        queries.append(request.query)
        request.stream(b": \n\ndata: " + json.dumps(SUBMIT).encode() + b"\n\n")

    gate.answers["GET /trace"] = answer
    words = ("--account", "acme", "--to", "44", "--text", "--seconds", "5")
    assert command("trace", *words) == 0
    assert "submit_sm 5" in capsys.readouterr().out
    assert command("trace", "--json") == 2
    told = capsys.readouterr()
    assert json.loads(told.out) == SUBMIT
    assert "has ended the stream" in told.err
    assert queries == ["account=acme&to=44&text=true&seconds=5", ""]


def test_a_gate_that_refuses(
    gate: FakeGate, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.answers["GET /trace"] = lambda request: request.problem(404, "there is no SMSC x")
    assert command("trace", "--smsc", "x") == 1
    assert "there is no SMSC x" in capsys.readouterr().err


def test_what_is_no_json_is_no_gate(
    gate: FakeGate, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    gate.answers["GET /trace"] = lambda request: request.stream(b"data: {\n\n")
    assert command("trace") == 2
    assert "something else than JSON" in capsys.readouterr().err
