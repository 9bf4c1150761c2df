"""Following the events of a gate."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smppgate.cli.control.client import Gate
from smppgate.cli.control.errors import NotReached, Refused
from smppgate.cli.control.events import Following, Reading, event_line
from smppgate.cli.control.tables import plain
from smppgate.cli.control.target import Socket
from tests.cli.control.conftest import Command
from tests.cli.control.fake_gate import FakeGate, Request


def event(number: int, **more: Any) -> bytes:
    value = {"number": number, "time": "2026-01-31T22:00:00Z", "kind": "bound", **more}
    return f"id: {number}\nevent: bound\ndata: {json.dumps(value)}\n\n".encode()


def streams(gate: FakeGate, *each: bytes) -> list[str | None]:
    """Answer with one after the other; gives the Last-Event-IDs that are asked for."""
    left, ids = list(each), list[str | None]()

    def answer(asked: Request) -> None:
        ids.append(asked.headers["Last-Event-ID"])
        if left:
            asked.stream(left.pop(0))
        else:
            asked.problem(503, "enough")

    gate.answers["GET /events"] = answer
    return ids


def followed(gate: FakeGate, since: int = 0) -> tuple[list[Any], list[float], list[str]]:
    """All numbers, pauses and what was told until the gate has had enough."""
    numbers, pauses, told = list[Any](), list[float](), list[str]()
    following = Following(Gate(Socket(gate.path)), since, pauses.append, told.append)
    events = following.events()
    with pytest.raises(Refused, match="enough"):
        numbers.extend(found.value["number"] for found in events)
    return numbers, pauses, told


def test_lines_make_events() -> None:
    reading = Reading("0")
    lines = (": comment", "retry: 2000", "", "id: 3", "event: x", "data: [1,", "data:2]", "", "")
    found = [event for line in lines if (event := reading.taken(line)) is not None]
    assert [(each.number, each.value) for each in found] == [("3", [1, 2])]


def test_a_gate_that_goes_away_is_asked_for_what_came_since(gate: FakeGate) -> None:
    ids = streams(gate, event(1) + event(2), b": \n\n", event(3) + b"id: 4\ndata: {", event(4))
    numbers, pauses, told = followed(gate)
    assert numbers == [1, 2, 3, 4]
    # The id of an event that was cut off is not that of one that was seen.
    assert ids == ["0", "2", "2", "3", "4"]
    assert pauses == [0.5, 1.0, 0.5, 0.5]
    assert len(told) == 4
    assert told[0].endswith("has ended the stream; trying again")


def test_a_gate_that_was_started_again_goes_on_with_its_own_numbers(gate: FakeGate) -> None:
    ids = streams(gate, event(7), event(1), event(2))
    assert followed(gate, 5)[0] == [7, 1, 2]
    assert ids == ["5", "7", "1", "2"]


def test_a_gate_that_is_not_there_is_not_waited_for() -> None:
    with pytest.raises(NotReached):
        next(Following(Gate(Socket("/none")), 0).events())


def test_a_stream_that_is_none(gate: FakeGate) -> None:
    streams(gate, b"id: 1\ndata: {\n\n")
    numbers, _, told = followed(gate)
    assert numbers == []
    assert "something else than JSON" in told[0]


def test_lines_of_the_command(
    command: Command,
    capsys: pytest.CaptureFixture[str],
    gate: FakeGate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids = streams(gate, event(8, text="acme \x1b[2J is bound"))
    monkeypatch.setattr("smppgate.cli.control.events.SHORTEST_WAIT", 0.0)
    assert command("events", "--since", "7") == 1
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1
    assert "bound" in captured.out
    assert captured.out.endswith("acme \\x1b[2J is bound\n")
    assert ids[0] == "7"
    assert captured.err.endswith("smppgate events: enough\n")


def test_json_lines_of_the_command(
    command: Command,
    capsys: pytest.CaptureFixture[str],
    gate: FakeGate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams(gate, event(1, text="\x1b\x7f\x9b") + event(2))
    monkeypatch.setattr("smppgate.cli.control.events.SHORTEST_WAIT", 0.0)
    assert command("events", "--json") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2]
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("value", [None, [], {"kind": 3, "text": ["x"], "time": 5}, "a\nb"])
def test_odd_events_are_lines(value: object) -> None:
    assert plain(event_line(value)).isprintable()
