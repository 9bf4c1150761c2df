"""``smppgate route`` of a running gate."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from smppgate.cli.main import main
from tests.cli.control.conftest import Command
from tests.cli.control.fake_gate import FakeGate, Request

EXPLAINED: dict[str, Any] = {
    "esme": "acme", "decided_by": "1 routes",
    "routes": [{"route": "uk\x1b[2J", "holds": True, "reasons": {}}],
    "route": "uk", "status": None, "status_name": None, "pool": "main",
    "pools": [
        {"pool": "main", "is_in_use": True, "members": [
            {"smsc": "alpha", "weight": 1, "is_chosen": True, "reason": ""}]}],
    "smsc": "alpha",
}  # fmt: skip

WORDS = ("route", "--esme", "acme", "--to", "4477")


def test_the_gate_is_asked_in_the_words_of_the_command_line(
    command: Command, gate: FakeGate, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[dict[str, list[str]]] = []

    def answer(request: Request) -> None:
        asked.append(parse_qs(request.query))
        request.json(EXPLAINED)

    gate.answers["GET /route"] = answer
    more = (
        "--from", "Shop-7", "--command", "data_sm", "--source-ton", "5", "--data-coding", "8",
        "--tlv", "0x1400=01ff", "--tlv", "0x1401", "--at", "2026-01-31T22:00+01:00",
    )  # fmt: skip
    assert command(*WORDS, *more) == 0
    assert asked == [
        {
            "esme": ["acme"], "to": ["4477"], "from": ["Shop-7"], "command": ["data_sm"],
            "source-ton": ["5"], "destination-ton": ["0"], "data-coding": ["8"],
            "esm-class": ["0"], "tlv": ["0x1400=01ff,0x1401="],
            "at": ["2026-01-31T21:00:00+00:00"],
        }
    ]  # fmt: skip
    out = capsys.readouterr().out
    assert out.endswith("SMSC alpha\n")
    assert "route 1 uk\\x1b[2J: holds\n" in out


def test_json(command: Command, gate: FakeGate, capsys: pytest.CaptureFixture[str]) -> None:
    gate.answers["GET /route"] = {**EXPLAINED, "smsc": None}
    assert command(*WORDS, "--json") == 1
    assert json.loads(capsys.readouterr().out)["smsc"] is None


@pytest.mark.parametrize("odd", [{}, {**EXPLAINED, "routes": 3}, {**EXPLAINED, "pools": [{}]}])
def test_an_explanation_of_another_version(
    command: Command, gate: FakeGate, capsys: pytest.CaptureFixture[str], odd: dict[str, Any]
) -> None:
    gate.answers["GET /route"] = odd
    assert command(*WORDS) == 2
    assert capsys.readouterr().err.startswith("smppgate route: ")


def test_what_is_down_is_known_to_a_running_gate(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*WORDS, "--down", "alpha") == 2
    assert "--down goes with --config" in capsys.readouterr().err


def test_either_a_configuration_or_a_running_gate() -> None:
    for words in ((), ("--config", "x", "--socket", "y")):
        with pytest.raises(SystemExit) as ended:
            main([*WORDS, *words])
        assert ended.value.code == 2
