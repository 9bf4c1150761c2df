"""Return paths that are to end do so with one timer, and not if they are kept anew."""

from __future__ import annotations

from twisted.internet.task import Clock

from smppgate.store.path_ends import MOST_AT_A_TIME, PathEnds
from smppgate.txsmpp.clock import Clock as SmppClock


class Table:
    """Ends, and what they have ended."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.steps: list[list[bytes]] = []
        self.ends = PathEnds(SmppClock.of(self.clock), self.steps.append)

    @property
    def ended(self) -> list[bytes]:
        return [key for keys in self.steps for key in keys]


def test_each_ends_when_its_grace_is_over() -> None:
    table = Table()
    table.ends.add([b"1"], 10.0)
    table.clock.advance(5.0)
    table.ends.add([b"2"], 10.0)
    table.clock.pump([1.0] * 7)
    assert table.ended == [b"1"]
    assert len(table.clock.getDelayedCalls()) == 1
    table.clock.pump([1.0] * 5)
    assert table.ended == [b"1", b"2"]
    assert table.clock.getDelayedCalls() == []


def test_one_that_is_kept_anew_stays() -> None:
    table = Table()
    table.ends.add([b"1", b"2"], 3.0)
    table.ends.stay({b"2": b"", b"3": b""})
    table.clock.pump([1.0] * 6)
    assert table.ended == [b"1"]


def test_many_end_a_part_at_a_time() -> None:
    """Between two parts the reactor has its turn."""
    table = Table()
    keys = [b"%d" % number for number in range(2 * MOST_AT_A_TIME)]
    table.ends.add(keys, 0.0)
    table.clock.advance(2.0)
    assert [len(keys) for keys in table.steps] == [MOST_AT_A_TIME] * 2
    assert table.ended == keys


def test_after_the_stop_none_ends_and_no_timer_is_left() -> None:
    table = Table()
    table.ends.add([b"1"], 1.0)
    table.ends.stop()
    table.ends.add([b"2"], 1.0)
    assert table.clock.getDelayedCalls() == []
    table.clock.advance(10.0)
    assert table.ended == []
