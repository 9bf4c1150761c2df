"""The peers of the rows about the flow of messages, and what is said of what they found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from benchmarks import esme
from benchmarks.flow.esme import Answer, Heard, Pace, Sender
from benchmarks.flow.found import FlowFound
from benchmarks.flow.scene import Scene, Setting, numbers, one_number
from benchmarks.flow.smsc import PlayedSmsc, Throttle, fails_by_chance
from benchmarks.gate_process import GateOptions
from benchmarks.loop import Loop
from benchmarks.report import Report
from smppgate.settings import parse

PATIENCE = 30.0


class Pair:
    """A sender that is bound to an SMSC itself."""

    def __init__(self, window: int) -> None:
        self.loop = Loop()
        self.smsc = PlayedSmsc(self.loop)
        self.heard = Heard()
        [self.sender] = esme.bind_all(
            self.loop,
            [self.smsc.port],
            lambda sock, _: Sender(self.loop, sock, self.heard, window, numbers()),
            ["acme"],
        )

    def until_heard(self, count: int) -> None:
        """Go on until there are so many answers."""

        def is_heard() -> bool:
            self.smsc.turn(monotonic())
            return len(self.heard) >= count

        assert self.loop.run_until(is_heard, PATIENCE)

    def close(self) -> None:
        """Close both."""
        self.sender.close()
        self.smsc.close()
        self.loop.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with closing(Pair(window=2)) as found:
        yield found


def test_a_sender_keeps_its_window_full_until_it_is_stopped(pair: Pair) -> None:
    pair.sender.fill()
    pair.until_heard(10)
    assert pair.sender.unanswered == 2
    pair.sender.stop()
    pair.until_heard(len(pair.heard) + 2)
    assert pair.sender.unanswered == 0
    assert len(pair.smsc.taken) == len(pair.heard.taken) == len(pair.heard)


def test_what_its_window_has_no_room_for_is_sent_later_and_timed_from_when_it_was_due(
    pair: Pair,
) -> None:
    due = monotonic() - 5
    for _ in range(3):
        pair.sender.send(due)
    assert pair.sender.unanswered == 2
    pair.until_heard(3)
    assert all(each.seconds >= 5 for each in pair.heard.answers)


def test_an_smsc_answers_after_its_latency_with_what_it_judges(pair: Pair) -> None:
    statuses = iter((0, 0x45))
    pair.smsc.latency, pair.smsc.judge = 0.05, lambda: next(statuses)
    pair.smsc.congestion = 90
    for _ in range(2):
        pair.sender.send(monotonic())
    pair.until_heard(2)
    assert [each.status for each in pair.heard.answers] == [0, 0x45]
    assert all(each.seconds >= 0.05 for each in pair.heard.answers)
    assert (len(pair.smsc.came), len(pair.smsc.taken)) == (2, 1)
    assert pair.heard.refused == {0x45: 1}


def test_one_that_is_frozen_reads_and_answers_nothing(pair: Pair) -> None:
    pair.smsc.freeze(True)
    pair.sender.send(monotonic())
    assert pair.loop.run_until(lambda: pair.smsc.unread >= 72, PATIENCE)
    pair.smsc.turn(monotonic())
    assert (pair.smsc.came, len(pair.heard)) == ([], 0)
    pair.smsc.freeze(False)
    pair.until_heard(1)


def test_a_pace_sends_what_is_due_in_turn() -> None:
    sent: list[tuple[int, float]] = []

    class Sending:
        def __init__(self, place: int) -> None:
            self.place = place

        def send(self, due: float) -> None:
            sent.append((self.place, due))

    some = [Sending(0), Sending(1)]
    pace = Pace(some, 10.0)  # type: ignore[arg-type]
    pace(monotonic() + 0.35)
    assert [place for place, _ in sent] == [0, 1, 0, 1]
    assert sent[3][1] - sent[0][1] == pytest.approx(0.3)


def test_a_throttle_takes_a_seconds_worth_at_once() -> None:
    throttle = Throttle(30)
    statuses = [throttle() for _ in range(1000)]
    assert statuses[:30] == [0] * 30
    assert 0x58 in statuses


def test_failures_are_as_frequent_as_they_should_be() -> None:
    judge = fails_by_chance(0.2, 0x08, Random(1))
    statuses = [judge() for _ in range(10_000)]
    assert set(statuses) == {0, 0x08}
    assert 1900 < statuses.count(0x08) < 2100


def test_shares_are_of_what_was_taken() -> None:
    heard = Heard(
        [Answer(float(at), 0.1, status, smsc) for at, (status, smsc) in enumerate(
            [(0, "a"), (0, "b"), (0x58, ""), (0, "a"), (0, "a")]
        )]
    )  # fmt: skip
    assert heard.share("a") == 0.75
    assert heard.between(1.0, 3.0).share("b") == 1.0
    assert Heard().share("a") == 0.0
    assert heard.refused == {0x58: 1}


def test_the_gate_is_told_what_was_chosen() -> None:
    setting = Setting(
        {"a": "window = 10", "b": "rate = 0.5"}, {"acme": "share = 3"}, 'balance = "hash"'
    )
    found = parse(setting.toml(2775, {"a": 1, "b": 2}, Path("/nowhere"), GateOptions("memory")))
    assert [(smsc.name, smsc.window, smsc.rate) for smsc in found.smsc] == [
        ("a", 10, 0.0),
        ("b", 10, 0.5),
    ]
    assert (found.esme[0].share, found.pool[0].balance, found.store.kind) == (3, "hash", "memory")


def test_numbers_differ_unless_there_is_one() -> None:
    number, same = numbers(), one_number(7)
    assert len({number() for _ in range(100)}) == 100
    assert {same() for _ in range(100)} == {"447700000007"}


def test_findings_and_faults_are_in_the_report(tmp_path: Path) -> None:
    told: list[str] = []
    found = FlowFound("sick", told.append)
    found.add("what", "this", "that", False)
    found.faults["errors in the log"] = 2
    report = Report({}, {})
    report.flow.append(found)
    assert [target.met for target in report.targets] == [False]
    assert report.faults == ["sick: errors in the log: 2"]
    assert told == ["what: that, wanted this: missed"]
    report.write(tmp_path / "found.json")


def test_a_scene_ends_what_was_paced() -> None:
    scene = Scene("a")
    scene.pace([], 1000.0)
    scene.hush()
    scene.run(0.01)
    scene.smscs["a"].close()
    scene.loop.close()
