"""Lines of one kind: the first at once, a storm as one line an interval."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from smppgate.gate.reports import summary
from smppgate.gate.reports.summary import MOST_KINDS, Summary
from smppgate.txsmpp.clock import Clock as SmppClock


class Told:
    """A summary with an interval of one second, and its lines."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.summary = Summary(SmppClock.of(self.clock), "refused", 1.0, self.lines.append)

    def pass_by(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.summary.tick()


def test_the_first_line_is_told_as_it_is() -> None:
    told = Told()
    told.summary.add("bind of acme refused", "acme")
    told.pass_by(1.0)
    told.summary.add("bind of bolt refused", "bolt")
    assert told.lines == ["bind of acme refused", "bind of bolt refused"]


def test_a_storm_is_one_line_for_each_interval() -> None:
    """With the kinds in it, the most frequent first."""
    told = Told()
    for _ in range(3):
        for at in range(1000):
            told.summary.add(f"line {at}", "acme" if at % 4 else "bolt")
        told.pass_by(1.0)
    assert told.lines == [
        "line 0",
        "999 more refused in 1 s: acme (750); bolt (249)",
        "1000 more refused in 1 s: acme (750); bolt (250)",
        "1000 more refused in 1 s: acme (750); bolt (250)",
    ]


def test_before_the_interval_is_over_nothing_more_is_told() -> None:
    told = Told()
    told.summary.add("one", "kind")
    told.summary.add("two", "kind")
    told.pass_by(0.9)
    assert told.lines == ["one"]
    told.pass_by(0.1)
    assert told.lines == ["one", "1 more refused in 1 s: kind (1)"]


def test_many_kinds_take_no_more_room() -> None:
    """Only the number of the rest is known."""
    told = Told()
    told.summary.add("first", "first")
    for at in range(5 * MOST_KINDS):
        told.summary.add("line", f"kind {at}")
    assert len(told.summary) == MOST_KINDS
    told.pass_by(1.0)
    assert told.lines[1].startswith(f"{5 * MOST_KINDS} more refused in 1 s: kind 0 (1); ")
    assert told.lines[1].endswith(f"others ({5 * MOST_KINDS - summary.MOST_TOLD})")


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([0.0, 0.1, 0.7]))))
def test_every_event_is_counted_once(events: list[tuple[str, float]]) -> None:
    """As a line of its own or in the number of one."""
    told = Told()
    for kind, pause in events:
        told.summary.add("!", kind)
        told.pass_by(pause)
    told.summary.tell_counts()
    counts = [1 if line == "!" else int(line.split()[0]) for line in told.lines]
    assert sum(counts) == len(events)
