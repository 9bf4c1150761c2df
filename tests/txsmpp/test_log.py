"""Values in the log: whatever a peer sends stays text on one line."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogEvent, formatEvent, formatEventAsClassicLogText
from twisted.python.failure import Failure

from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.printable import LONGEST_SHOWN, printable, shown

ROOT = Path(__file__).parents[2]


def logged(level: str, format: str, **values: Any) -> LogEvent:
    """The event that an observer gets."""
    events: list[LogEvent] = []
    logger = Logger("test", observer=events.append)  # type: ignore[arg-type]
    getattr(logger, level)(format, **values)
    (event,) = events
    return event


@given(st.text())
def test_printable_text_has_nothing_that_acts(text: str) -> None:
    """It is one line, and text that was printable is as it was."""
    escaped = printable(text)
    assert escaped.isprintable()
    assert not text.isprintable() or escaped == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\x7f\x9b", r"a\x7f\x9b"),
        ("gone\u2028ESME", r"gone\u2028ESME"),
        ("txt\u202eexe", r"txt\u202eexe"),
        ("\ud800", r"\ud800"),
        ("Zürich", "Zürich"),
    ],
)
def test_what_is_escaped(text: str, escaped: str) -> None:
    """Line ends, escape sequences of 7 and 8 bits, separators, directions, halves of signs."""
    assert printable(text) == escaped


def test_a_value_is_cut_where_nobody_reads_on() -> None:
    """A peer may send 70 000 octets."""
    assert shown("x" * 70_000) == "x" * LONGEST_SHOWN + "..."


@given(st.text(), st.binary())
def test_no_value_breaks_the_line(text: str, octets: bytes) -> None:
    """Texts, octets, errors and addresses, in whatever form they are written."""
    event = logged(
        "info", "a {text} b {octets} c {error} d", text=text, octets=octets, error=OSError(text)
    )
    assert formatEvent(event).isprintable()


def test_numbers_keep_their_form() -> None:
    """A status is written in hexadecimal, a count with its sign."""
    assert formatEvent(logged("warn", "0x{status:08X} {on}", status=88, on=True)) == (
        "0x00000058 True"
    )


@pytest.mark.parametrize("message", ["\x1b[2J\nforged line", "plain"])
def test_a_traceback_has_no_raw_text_of_a_peer(message: str) -> None:
    """The lines of the traceback itself stay lines, indented by the observer."""
    event = logged("failure", "it failed", failure=Failure(ValueError(message)))
    text = formatEventAsClassicLogText(event) or ""
    assert "ValueError" in text
    assert printable(message.splitlines()[0]) in text
    assert "\x1b" not in text
    assert "\nforged" not in text


def test_every_module_logs_so() -> None:
    """Twisted's own logger is used nowhere else. What sets logging up does not log."""
    loggers = "twisted.logger import.*\\bLogger|twisted.python.log\\b|import logging"
    found = subprocess.run(
        ["grep", "-rlE", loggers, "smppgate"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.split() == []
