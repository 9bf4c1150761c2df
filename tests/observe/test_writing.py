"""A thread writes lines: in order, all of them in the end, and none is waited for."""

from __future__ import annotations

import threading

from smppgate.observe.appending import Unwritten
from smppgate.observe.writing import Writer
from tests.observe.threads import PATIENCE, Calls


class Destination:
    """Keeps lines, once it is let to."""

    def __init__(self) -> None:
        self.done: list[bytes] = []
        self.may_go_on = threading.Event()
        self.is_at_work = threading.Event()
        self.loses = 0

    def write(self, lines: bytes) -> None:
        self.is_at_work.set()
        assert self.may_go_on.wait(PATIENCE)
        if self.loses:
            self.loses -= 1
            raise Unwritten(lines.count(b"\n"), "file: no room")
        self.done.append(lines)

    def reopen(self) -> None:
        self.done.append(b"reopened")

    def rest(self) -> float | None:
        return 0.001

    def close(self) -> None:
        self.done.append(b"closed")


class Written:
    """A writer, and what it lost."""

    def __init__(self, most: int = 100) -> None:
        self.calls, self.to = Calls(), Destination()
        self.lost: list[tuple[int, str]] = []
        self.writer = Writer(
            self.calls,  # type: ignore[arg-type]
            self.to,
            lambda lines, why: self.lost.append((lines, why)),
            most,
        )

    def stop(self) -> None:
        """Let it write all, and end."""
        self.to.may_go_on.set()
        stopping = self.writer.stop()
        while not stopping.called:
            self.calls.next()


def test_all_is_written_in_order_before_it_ends() -> None:
    written = Written()
    written.writer.write([b"one\n", b"two\n"])
    written.writer.reopen()
    written.writer.write([b"three\n"])
    written.stop()
    assert written.to.done == [b"one\ntwo\n", b"reopened", b"three\n", b"closed"]
    assert not written.lost


def test_what_does_not_fit_behind_a_slow_disk_is_lost_and_told() -> None:
    written = Written(most=20)
    written.writer.write([b"123456789\n"])
    assert written.to.is_at_work.wait(PATIENCE)
    written.writer.write([b"123456789\n"])
    written.writer.write([b"x\n", b"y\n"])
    assert [lines for lines, _ in written.lost] == [2]
    written.stop()
    assert written.to.done == [b"123456789\n", b"123456789\n", b"closed"]


def test_what_is_written_makes_room() -> None:
    written = Written(most=10)
    written.to.may_go_on.set()
    written.writer.write([b"123456789\n"])
    written.stop()
    assert written.to.done == [b"123456789\n", b"closed"]
    again = Written(most=10)
    again.to.may_go_on.set()
    for _ in range(5):
        again.writer.write([b"123456789\n"])
        done = threading.Event()
        again.writer._jobs.put(done.set)
        assert done.wait(PATIENCE)
    again.stop()
    assert not again.lost


def test_one_that_follows_another_begins_when_that_is_done() -> None:
    first, second = Written(), Destination()
    first.writer.write([b"one\n"])
    assert first.to.is_at_work.wait(PATIENCE)
    second.may_go_on.set()
    follower = Writer(
        first.calls,  # type: ignore[arg-type]
        second,
        lambda *_: None,
        after=first.writer,
    )
    follower.write([b"two\n"])
    ends = first.writer.stop(), follower.stop()
    assert not second.is_at_work.is_set()
    first.to.may_go_on.set()
    while not all(end.called for end in ends):
        first.calls.next()
    assert (first.to.done, second.done) == ([b"one\n", b"closed"], [b"two\n", b"closed"])


def test_what_cannot_be_written_is_told_and_the_rest_goes_on() -> None:
    written = Written()
    written.to.loses = 1
    written.writer.write([b"one\n", b"two\n"])
    written.writer.write([b"three\n"])
    written.stop()
    assert written.lost == [(2, "file: no room")]
    assert written.to.done == [b"three\n", b"closed"]
