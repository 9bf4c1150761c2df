"""What a load prints."""

from __future__ import annotations

import json
import re

import pytest

from smppgate.cli.load.report import KEYS, Report
from smppgate.cli.load.tally import Tally
from smppgate.txsmpp.constants import status_meaning


def report(tally: Tally, *, count: int | None = None, receipts: bool = False) -> Report:
    return Report(tally, 4, 10, count, None, receipts, ended_early=False)


def full() -> Tally:
    """A bit of everything: 6 answers in 2 s, one message timed out, two lost."""
    tally = Tally()
    tally.began, tally.sent = 100.0, 9
    for status, sent_at, now in (
        (0, 100.0, 100.5),
        (0, 100.0, 100.5),
        (0, 100.0, 100.5),
        (0x58, 100.0, 101.0),
        (0x58, 100.5, 101.0),
        (0x4FF, 100.0, 102.0),
    ):
        tally.answer(status, sent_at, now)
    tally.timeouts, tally.late, tally.lost = 1, 1, 2
    tally.lost_sessions["Connection was closed cleanly."] = 1
    tally.strays, tally.receipts, tally.other_messages = 3, 2, 5
    return tally


def good() -> Tally:
    tally = Tally()
    tally.sent = 2
    tally.answer(0, 0.0, 0.001)
    tally.answer(0, 0.0, 0.5)
    return tally


def test_the_json_has_every_figure() -> None:
    """One object; percentiles within 1 %, everything else exact."""
    told = json.loads(report(full(), count=9, receipts=True).as_json())
    latency = told.pop("latency_ms")
    assert latency == {
        "p50": pytest.approx(500, rel=0.01),
        "p90": pytest.approx(2000, rel=0.01),
        "p99": pytest.approx(2000, rel=0.01),
        "max": 2000.0,
    }
    assert told == {
        "sessions": 4,
        "window": 10,
        "count": 9,
        "rate_limit": None,
        "seconds": 2.0,
        "rate": 3.0,
        "sent": 9,
        "ok": 3,
        "errors": [
            {
                "status": 0x58,
                "name": "ESME_RTHROTTLED",
                "meaning": status_meaning(0x58),
                "count": 2,
            },
            {
                "status": 0x4FF,
                "name": "0x000004FF",
                "meaning": "vendor's own status 0x000004FF",
                "count": 1,
            },
        ],
        "timeouts": 1,
        "late": 1,
        "lost": 2,
        "unanswered": 0,
        "lost_sessions": {"Connection was closed cleanly.": 1},
        "strays": 3,
        "receipts": 2,
        "other_messages": 5,
    }


def test_every_key_is_documented_and_no_other() -> None:
    """In the text that --help shows."""
    names = re.findall(r"^  (\w+(?:, \w+)*)  ", KEYS, re.MULTILINE)
    documented = {name for line in names for name in line.split(", ")}
    assert documented == set(json.loads(report(full()).as_json()))


def test_what_was_not_asked_for_is_null() -> None:
    """Receipts, a count, latencies of nothing."""
    told = json.loads(report(Tally()).as_json())
    assert (told["receipts"], told["count"], told["latency_ms"]) == (None, None, None)
    assert (told["rate"], told["seconds"]) == (0.0, 0.0)


def test_the_lines_have_every_figure() -> None:
    """In words, with the meaning of each status."""
    lines = list(report(full(), count=9, receipts=True).lines())
    assert re.fullmatch(
        r"latency   p50 \d+\.\d{3} ms  p90 .* ms  p99 .* ms  max 2000\.000 ms", lines.pop(1)
    )
    assert lines == [
        "rate      3 msg/s: 6 answered in 2.00 s",
        "ok        3 of 9",
        "error     2 × ESME_RTHROTTLED (0x00000058): " + status_meaning(0x58),
        "error     1 × 0x000004FF: vendor's own status 0x000004FF",
        "timeouts  1 messages not answered in time",
        "late      1 of them answered later",
        "lost      2 messages unanswered when their session ended",
        "strays    3 answers to nothing",
        "MO        5 other messages delivered",
        "sessions  1 lost: Connection was closed cleanly.",
        "receipts  2",
    ]


def test_what_did_not_happen_is_not_told() -> None:
    """Rate, latency, messages: that is all of a good load."""
    assert [line.split()[0] for line in report(good()).lines()] == ["rate", "latency", "ok"]
    assert [line.split()[0] for line in report(Tally()).lines()] == ["rate", "ok"]


def test_a_load_is_good_when_every_message_was_answered_with_rok() -> None:
    """And only then."""
    assert report(good(), count=2).is_good
    assert not report(full()).is_good
    unfinished = Report(good(), 4, 10, 3, None, False, ended_early=True)
    assert not unfinished.is_good


def test_messages_given_up_are_told() -> None:
    """Those that neither an answer nor anything else has ended."""
    tally = good()
    tally.sent += 5
    assert json.loads(report(tally).as_json())["unanswered"] == 5
    assert "open      5 messages unanswered when the load was interrupted" in list(
        report(tally).lines()
    )
