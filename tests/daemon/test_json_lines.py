"""The log as JSON: each event one object on one line, whatever is in it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
import twisted.logger
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogEvent
from twisted.python.failure import Failure

from smppgate.daemon.json_lines import FIRST, MOST_TEXT, json_line
from smppgate.notices.program import LOOKUP_FAILED
from smppgate.notices.smscs import LINK_NOT_REACHED
from smppgate.txsmpp.log import Logger


def written(events: list[LogEvent]) -> dict[str, Any]:
    """What the line of the one event has."""
    (event,) = events
    line = json_line(event)
    assert line is not None
    assert line.isascii()
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    found: dict[str, Any] = json.loads(line)
    return found


def logger_of(events: list[LogEvent]) -> Logger:
    return Logger("smppgate.some.place", observer=events.append)  # type: ignore[arg-type]


def test_a_notice_has_its_code_and_its_values_as_fields() -> None:
    events: list[LogEvent] = []
    logger_of(events).tell(
        LINK_NOT_REACHED, link="alpha 1", endpoint="tcp:a:1", reason="timed out", count=3
    )
    found = written(events)
    at = datetime.fromisoformat(found.pop("time"))
    assert abs(at.timestamp() - events[0]["log_time"]) < 0.001
    assert found == {
        "level": "warn",
        "namespace": "smppgate.some.place",
        "code": "SG-1001",
        "text": "SMSC alpha 1 not reached at tcp:a:1: timed out",
        "link": "alpha 1",
        "endpoint": "tcp:a:1",
        "reason": "timed out",
        "count": 3,
    }


def test_the_time_is_utc_in_milliseconds() -> None:
    event = {"log_time": 1764417600.25, "log_format": "x"}
    assert json.loads(json_line(event) or "")["time"] == "2025-11-29T12:00:00.250Z"


def test_a_line_for_information_has_no_code() -> None:
    events: list[LogEvent] = []
    logger_of(events).info("the reload of {file} is done", file="gate.toml")
    found = written(events)
    assert (found["level"], found["text"]) == ("info", "the reload of gate.toml is done")
    assert found["file"] == "gate.toml"
    assert "code" not in found


def test_a_summary_stands_in_the_text_alone() -> None:
    events: list[LogEvent] = []
    logger_of(events).sum_up(LINK_NOT_REACHED, "5 more in 1 s", count=5)
    found = written(events)
    assert (found["code"], found["text"], found["count"]) == ("SG-1001", "5 more in 1 s", 5)
    assert "line" not in found


@pytest.mark.parametrize("message", ["\x1b[2J\nforged line", "plain"])
def test_a_traceback_is_a_field_of_its_own(message: str) -> None:
    events: list[LogEvent] = []
    logger_of(events).tell_failure(LOOKUP_FAILED, Failure(ValueError(message)))
    found = written(events)
    assert found["text"] == "a look-up led to an error"
    assert "ValueError: " in found["traceback"]
    assert "\x1b" not in found["traceback"]


def test_a_long_traceback_is_cut_and_its_end_stays() -> None:
    events: list[LogEvent] = []
    failure = Failure(ValueError("x" * 2 * MOST_TEXT + "end"))
    logger_of(events).tell_failure(LOOKUP_FAILED, failure)
    traceback = written(events)["traceback"]
    assert len(traceback) == MOST_TEXT
    assert traceback.rstrip().endswith("end")


def test_of_what_others_log_there_is_the_text_alone() -> None:
    """Nothing is known of their values."""
    events: list[LogEvent] = []
    logger = twisted.logger.Logger("twisted.x", observer=events.append)  # type: ignore[arg-type]
    logger.info("{a} and\n{b}", a="one", b=object, password="secret")
    found = written(events)
    assert set(found) == {"time", "level", "namespace", "text"}
    assert "secret" not in str(found)


def test_what_has_no_text_is_no_line() -> None:
    assert json_line({"log_time": 1.0}) is None


def test_no_value_takes_the_place_of_the_text() -> None:
    events: list[LogEvent] = []
    logger_of(events).info("about {place}", place="here", text="another", code="SG-1")
    found = written(events)
    assert (found["text"], found["place"]) == ("about here", "here")
    assert "another" not in found.values()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_does_not_have_is_a_text(value: float) -> None:
    events: list[LogEvent] = []
    logger_of(events).info("{value}", value=value)
    assert written(events)["value"] == str(value)


@given(st.text(), st.one_of(st.text(), st.binary(), st.integers(), st.floats(), st.booleans()))
def test_any_value_makes_one_line(text: str, other: Any) -> None:
    events: list[LogEvent] = []
    logger_of(events).info("a {one} b {other}", one=text, other=other)
    found = written(events)
    assert list(found)[:4] == [name for name in FIRST if name != "code"]
    assert str(found["text"]).isprintable()
