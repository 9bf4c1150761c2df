"""Each session that got octets is written to once, at the end of the batch."""

from __future__ import annotations

from contextlib import suppress

from twisted.internet.task import Clock

from smppgate.txsmpp.batch import Batch


class Outbox:
    """Something to write to that counts its writes."""

    def __init__(self) -> None:
        self.flushes = 0

    def flush(self) -> None:
        self.flushes += 1


class Broken(Outbox):
    """A session whose transport raises."""

    def flush(self) -> None:
        raise RuntimeError("no such transport")


class Talkative(Outbox):
    """A session whose write makes another have something to write."""

    def __init__(self, batch: Batch, other: Outbox) -> None:
        super().__init__()
        self.batch = batch
        self.other = other

    def flush(self) -> None:
        super().flush()
        self.batch.add(self.other)


def test_within_a_read_nothing_is_written_before_its_end() -> None:
    """open … add … flush: one write each, and no timer."""
    clock, sessions = Clock(), [Outbox(), Outbox()]
    batch = Batch(clock)
    batch.open()
    for session in sessions:
        batch.add(session)
    assert [session.flushes for session in sessions] == [0, 0]
    assert clock.getDelayedCalls() == []
    batch.flush()
    assert [session.flushes for session in sessions] == [1, 1]


def test_outside_a_read_all_is_written_in_the_next_turn() -> None:
    """However many there are, one timer is enough."""
    clock, sessions = Clock(), [Outbox(), Outbox(), Outbox()]
    batch = Batch(clock)
    for session in sessions:
        batch.add(session)
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(0)
    assert [session.flushes for session in sessions] == [1, 1, 1]
    assert clock.getDelayedCalls() == []


def test_after_a_read_the_next_turn_is_scheduled_anew() -> None:
    """What comes between two reads does not wait for the second."""
    clock, session = Clock(), Outbox()
    batch = Batch(clock)
    batch.open()
    batch.flush()
    batch.add(session)
    clock.advance(0)
    assert session.flushes == 1


def test_a_read_takes_along_what_waits_for_the_next_turn() -> None:
    """Written once, by whichever comes first."""
    clock, waiting, answered = Clock(), Outbox(), Outbox()
    batch = Batch(clock)
    batch.add(waiting)
    batch.open()
    batch.add(answered)
    batch.flush()
    clock.advance(0)
    assert (waiting.flushes, answered.flushes) == (1, 1)


def test_what_a_write_brings_about_is_written_too() -> None:
    """A session noted while others are written to is not forgotten."""
    clock, last = Clock(), Outbox()
    batch = Batch(clock)
    batch.open()
    batch.add(Talkative(batch, last))
    batch.flush()
    clock.advance(0)
    assert last.flushes == 1


def test_one_session_that_cannot_be_written_to_does_not_mute_the_others() -> None:
    """A session left out would never be noted again: its outbox is not empty any more."""
    clock, after = Clock(), Outbox()
    batch = Batch(clock)
    batch.open()
    batch.add(Broken())
    batch.add(after)
    # Whether it is raised or logged is left open here.
    with suppress(RuntimeError):
        batch.flush()
    clock.advance(0)
    assert after.flushes == 1
