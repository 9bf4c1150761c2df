"""Each session that got octets is written to once, at the end of the turn."""

from __future__ import annotations

from twisted.internet.task import Clock

from smppgate.txsmpp.batch import Batch


class Outbox:
    """Something to write to that counts its writes."""

    def __init__(self, is_quiet: bool = False) -> None:
        self.is_quiet = is_quiet
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


def test_all_is_written_when_the_turn_is_over_and_not_before() -> None:
    """However many there are, one timer is enough."""
    clock, sessions = Clock(), [Outbox(), Outbox(), Outbox()]
    batch = Batch(clock)
    for session in sessions:
        batch.add(session)
    assert [session.flushes for session in sessions] == [0, 0, 0]
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(0)
    assert [session.flushes for session in sessions] == [1, 1, 1]
    assert clock.getDelayedCalls() == []


def test_reads_of_one_turn_leave_together() -> None:
    """A session that several reads feed is written to once."""
    clock, fed, other = Clock(), Outbox(), Outbox()
    batch = Batch(clock)
    for read in range(3):
        batch.open()
        if not read:
            batch.add(fed)
        batch.add(other)
        batch.close()
    assert (fed.flushes, len(clock.getDelayedCalls())) == (0, 1)
    clock.advance(0)
    assert fed.flushes == 1


def test_a_lone_message_does_not_wait_for_the_end_of_the_turn() -> None:
    """Where one session got one PDU and nothing else goes on there, it is written at once."""
    clock, session = Clock(), Outbox(is_quiet=True)
    batch = Batch(clock)
    batch.open()
    batch.add(session)
    assert session.flushes == 0
    batch.close()
    assert session.flushes == 1
    # The reactor looks at its sockets once more before it sleeps, and that is all.
    assert [call.getTime() for call in clock.getDelayedCalls()] == [0.0]
    clock.advance(0)
    assert (session.flushes, clock.getDelayedCalls()) == (1, [])


def test_a_lone_message_waits_where_others_do() -> None:
    """It was noted behind one that is not quiet, in this read or before."""
    clock = Clock()
    for reads in (1, 2):
        batch, sessions = Batch(clock), [Outbox(), Outbox(is_quiet=True)]
        batch.open()
        batch.add(sessions[0])
        if reads == 2:
            batch.close()
            batch.open()
        batch.add(sessions[1])
        batch.close()
        assert [session.flushes for session in sessions] == [0, 0]
        clock.advance(0)
        assert [session.flushes for session in sessions] == [1, 1]


def test_a_read_in_which_nothing_is_sent_schedules_nothing() -> None:
    """Most answers to enquire_link are such."""
    clock = Clock()
    batch = Batch(clock)
    batch.open()
    batch.close()
    assert clock.getDelayedCalls() == []


def test_the_next_turn_is_written_by_itself() -> None:
    """What comes after a write does not wait for something else to come."""
    clock, session = Clock(), Outbox()
    batch = Batch(clock)
    for turn in (1, 2, 3):
        batch.add(session)
        clock.advance(0)
        assert session.flushes == turn


def test_what_a_write_brings_about_is_written_too() -> None:
    """A session noted while others are written to is not forgotten."""
    clock, last = Clock(), Outbox()
    batch = Batch(clock)
    batch.add(Talkative(batch, last))
    clock.pump([0, 0])
    assert last.flushes == 1


def test_one_session_that_cannot_be_written_to_does_not_mute_the_others() -> None:
    """A session left out would never be noted again: its outbox is not empty any more."""
    clock, after = Clock(), Outbox()
    batch = Batch(clock)
    batch.add(Broken())
    batch.add(after)
    clock.advance(0)
    assert after.flushes == 1


# Reads of one turn together


def test_reads_of_a_turn_are_written_when_it_is_over_and_without_a_timer() -> None:
    clock, session, calls = Clock(), Outbox(is_quiet=True), list[int]()
    batch = Batch(clock)
    batch.open()
    for read in range(2):
        batch.open()
        if not read:
            batch.add(session)
        batch.at_end(lambda: calls.append(session.flushes))
        batch.close()
    assert (session.flushes, calls) == (0, [])
    batch.end_turn()
    assert (session.flushes, calls) == (1, [0, 0])
    assert clock.getDelayedCalls() == []


def test_what_the_end_of_a_turn_brings_about_is_written_in_the_next() -> None:
    clock, last = Clock(), Outbox()
    batch = Batch(clock)
    batch.open()
    batch.add(Talkative(batch, last))
    assert not batch.end_turn()
    assert last.flushes == 0
    clock.advance(0)
    assert last.flushes == 1


def test_whether_a_message_was_alone_is_told_at_the_end_of_the_turn() -> None:
    clock = Clock()
    for sessions, is_alone in (
        ([], False),
        ([Outbox(is_quiet=True)], True),
        ([Outbox()], False),
        ([Outbox(is_quiet=True)] * 2, False),
    ):
        batch = Batch(clock)
        batch.open()
        for session in sessions:
            batch.add(session)
        assert batch.end_turn() == is_alone


def test_a_call_for_the_end_of_the_turn_waits_for_it_where_a_message_is_alone() -> None:
    """Other reads of the turn may follow."""
    clock, session, calls = Clock(), Outbox(is_quiet=True), list[int]()
    batch = Batch(clock)
    batch.open()
    batch.add(session)
    batch.at_end(lambda: calls.append(session.flushes))
    batch.close()
    assert (session.flushes, calls) == (0, [])
    clock.advance(0)
    assert (session.flushes, calls) == (1, [0])


# What comes before everything that is written


def test_the_first_call_comes_before_any_session_is_written_to() -> None:
    """Behind the calls for the end of the turn: these may have more to put on disk."""
    clock = Clock()
    batch, session = Batch(clock), Outbox()
    seen: list[tuple[str, int]] = []
    batch.add(session)
    batch.before_writing(lambda: seen.append(("first", session.flushes)))
    batch.at_end(lambda: seen.append(("at end", session.flushes)))
    batch.when_written(lambda: seen.append(("written", session.flushes)))
    clock.advance(0)
    assert seen == [("at end", 0), ("first", 0), ("written", 1)]
    clock.advance(0)
    assert len(seen) == 3


def test_the_first_call_comes_also_where_nothing_is_written() -> None:
    """In a read and outside of one."""
    clock, calls = Clock(), [0, 0]
    for at in range(2):
        batch = Batch(clock)
        if at:
            batch.open()

        def called(at: int = at) -> None:
            calls[at] += 1

        batch.before_writing(called)
        if at:
            batch.close()
        clock.advance(0)
    assert calls == [1, 1]


def test_a_lone_message_is_written_behind_the_first_call() -> None:
    clock, session = Clock(), Outbox(is_quiet=True)
    batch = Batch(clock)
    seen: list[int] = []
    batch.open()
    batch.add(session)
    batch.before_writing(lambda: seen.append(session.flushes))
    batch.close()
    clock.advance(0)
    assert (seen, session.flushes) == ([0], 1)
    assert clock.getDelayedCalls() == []


def test_a_first_call_that_fails_keeps_nothing_back() -> None:
    clock, session = Clock(), Outbox()
    batch = Batch(clock)

    def fails() -> None:
        raise RuntimeError("no such store")

    batch.add(session)
    batch.before_writing(fails)
    clock.advance(0)
    assert session.flushes == 1
    assert batch.first is None
