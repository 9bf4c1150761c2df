"""Lines of one kind: the first at once, a storm as one line an interval."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent

from smppgate.gate.reports import summary
from smppgate.gate.reports.summary import MOST_KINDS, Summaries, Summary
from smppgate.txsmpp.clock import Clock as SmppClock
from smppgate.txsmpp.log import Logger
from smppgate.txsmpp.notice import Notice


def notice(code: str) -> Notice:
    """One whose lines are what they are given."""
    return Notice(code=code, name="", level="warn", text="{text}", meaning="", cause="", remedy="")


ONE, OTHER = notice("SG-1"), notice("SG-2")


class Told:
    """A summary with an interval of one second, and its lines."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.log = Logger("test", observer=self._hear)  # type: ignore[arg-type]
        self.summary = Summary(SmppClock.of(self.clock), self.log, ONE, "refused", 1.0)

    def _hear(self, event: LogEvent) -> None:
        self.lines.append(formatEvent(event).removeprefix("SG-1 "))

    def pass_by(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.summary.tick()


def test_the_first_line_is_told_as_it_is() -> None:
    told = Told()
    told.summary.add("acme", text="bind of acme refused")
    told.pass_by(1.0)
    told.summary.add("bolt", text="bind of bolt refused")
    assert told.lines == ["bind of acme refused", "bind of bolt refused"]


def test_a_storm_is_one_line_for_each_interval() -> None:
    """With the kinds in it, the most frequent first."""
    told = Told()
    for _ in range(3):
        for at in range(1000):
            told.summary.add("acme" if at % 4 else "bolt", text=f"line {at}")
        told.pass_by(1.0)
    assert told.lines == [
        "line 0",
        "999 more refused in 1 s: acme (750); bolt (249)",
        "1000 more refused in 1 s: acme (750); bolt (250)",
        "1000 more refused in 1 s: acme (750); bolt (250)",
    ]


def test_before_the_interval_is_over_nothing_more_is_told() -> None:
    told = Told()
    told.summary.add("kind", text="one")
    told.summary.add("kind", text="two")
    told.pass_by(0.9)
    assert told.lines == ["one"]
    told.pass_by(0.1)
    assert told.lines == ["one", "1 more refused in 1 s: kind (1)"]


def test_many_kinds_take_no_more_room() -> None:
    """Only the number of the rest is known."""
    told = Told()
    told.summary.add("first", text="first")
    for at in range(5 * MOST_KINDS):
        told.summary.add(f"kind {at}", text="line")
    assert len(told.summary) == MOST_KINDS
    told.pass_by(1.0)
    assert told.lines[1].startswith(f"{5 * MOST_KINDS} more refused in 1 s: kind 0 (1); ")
    assert told.lines[1].endswith(f"others ({5 * MOST_KINDS - summary.MOST_TOLD})")


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([0.0, 0.1, 0.7]))))
def test_every_event_is_counted_once(events: list[tuple[str, float]]) -> None:
    """As a line of its own or in the number of one."""
    told = Told()
    for kind, pause in events:
        told.summary.add(kind, text="!")
        told.pass_by(pause)
    told.summary.tell_counts()
    counts = [1 if line == "!" else int(line.split()[0]) for line in told.lines]
    assert sum(counts) == len(events)


def test_each_code_is_told_and_counted_for_itself() -> None:
    """A storm of one hides no line of another."""
    told = Told()
    summaries = Summaries(SmppClock.of(told.clock), told.log, "refused", 1.0)
    for at in range(3):
        summaries.add(ONE, "kind", text=f"line {at}")
        summaries.add(OTHER, "kind", text=f"line {at}")
    assert told.lines == ["line 0", "SG-2 line 0"]
    told.clock.advance(1.0)
    summaries.tick()
    assert told.lines[2:] == [
        "2 more refused in 1 s: kind (2)",
        "SG-2 2 more refused in 1 s: kind (2)",
    ]
    summaries.add(ONE, "kind", text="line 3")
    summaries.tell_counts()
    assert told.lines[4:] == ["1 more refused in 1 s: kind (1)"]
