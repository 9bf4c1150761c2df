"""The gate on one screen."""

from __future__ import annotations

import json

import pytest

from tests.cli.control.conftest import Command
from tests.cli.control.fake_gate import FakeGate, account, link, member, pool, smsc


def test_what_is_there_and_what_was_counted(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("status") == 0
    out = capsys.readouterr().out
    assert out.startswith("gate1  smppgate 0.2.0  up 3 d 4 h\n")
    lines = dict(line.split(maxsplit=1) for line in out.splitlines()[2:])
    assert lines["accounts"] == "2, 2 sessions"
    assert lines["SMSCs"] == "2, 4 of 4 links up"
    assert lines["pools"] == "1 of 1 up"
    assert lines["open"] == "6 requests"
    assert lines["queued"] == "3 messages"
    assert lines["counted"] == "12,345 answered, 2 retried"


def test_json_is_the_whole_state(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    assert command("status", "--json") == 0
    assert json.loads(capsys.readouterr().out) == gate.answers["GET /state"]


def test_what_is_not_as_it_should_be(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    ejected = member("alpha", ejected_for=23.0, reason="5 faults in a row")
    gate.answers["GET /state"] |= {
        "is_stopping": True,
        "smscs": [
            smsc("alpha"),
            smsc("beta", links={"up": 0, "all": 2}),
            smsc("gamma", state="maint", links={"up": 0, "all": 1}),
        ],
        "links": [link("beta", condition="connecting", last_error="Connection refused\x1b[2J")],
        "pools": [pool("main", ejected, is_up=False)],
        "accounts": [account("acme", state="closed")],
        "store": {"fault": "No space left on device"},
    }
    assert command("status") == 0
    out = capsys.readouterr().out
    assert "is stopping" in out.splitlines()[0]
    assert out.split("\n\n")[-1].splitlines() == [
        "SMSC beta: 0 of 2 links up: Connection refused\\x1b[2J",
        "SMSC gamma is in maint",
        "pool main takes no messages",
        "pool main: alpha is ejected for 23 s: 5 faults in a row",
        "the store fails: No space left on device",
        "account acme is closed",
    ]


def test_workers_that_are_not_up(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate
) -> None:
    gate.answers["GET /state"]["workers"] = [
        *gate.answers["GET /workers"],
        {"number": 3, "state": "starting"},
    ]
    assert command("status") == 0
    out = capsys.readouterr().out
    assert "workers     1 of 3 up" in out.splitlines()
    assert out.split("\n\n")[-1].splitlines() == ["worker 2 is down", "worker 3 is starting"]


@pytest.mark.parametrize("state", [{}, {"smscs": 3, "pools": [1], "totals": [], "store": 1}])
def test_a_gate_of_another_version(
    command: Command, capsys: pytest.CaptureFixture[str], gate: FakeGate, state: dict[str, object]
) -> None:
    gate.answers["GET /state"] = state
    assert command("status") == 0
    assert capsys.readouterr().out
