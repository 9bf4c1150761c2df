"""While the disk fails forwarding goes on and no queued message is acknowledged; it recovers."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.logger import formatEvent

from smppgate.store import Durability, Enqueued, NewMessage, StoreError
from tests.store.fakes import BEGUN, Inline, errors, logged, result_of, sqlite_error

MESSAGE = NewMessage(b"one", b"pdu", BEGUN + 1000)
FULL = sqlite_error("SQLITE_FULL")


@pytest.fixture
def inline(tmp_path: Path) -> Inline:
    inline = Inline(tmp_path)
    inline.open()
    return inline


def _again(tmp_path: Path) -> Inline:
    again = Inline(tmp_path)
    again.open()
    return again


def test_it_is_logged_once_when_it_begins_and_once_when_it_is_over(inline: Inline) -> None:
    with logged() as events:
        inline.writer.fault = FULL
        for _ in range(5):
            inline.store.enqueue([MESSAGE])
            inline.clock.advance(1.0)
        assert len(events) == len(errors(events)) == 1
        assert "queues: a test says SQLITE_FULL" in formatEvent(events[0])
        assert inline.store.statistics().fault == "queues: a test says SQLITE_FULL"
        assert inline.store.statistics().failures >= 5
        inline.writer.fault = None
        inline.clock.pump([1.0] * 3)
        assert len(events) == 2
        assert "works again" in formatEvent(events[1])
        assert inline.store.statistics().fault == ""
    inline.close()


def test_a_message_that_was_not_written_is_not_in_the_queue(
    inline: Inline, tmp_path: Path
) -> None:
    """It is told as failed."""
    inline.writer.fault = FULL
    assert result_of(inline.store.enqueue([MESSAGE])) == [Enqueued.FAILED]
    inline.writer.fault = None
    assert result_of(inline.store.queued(b"one", 0, 10)) == []
    inline.clock.pump([1.0, 1.0])
    assert inline.store.statistics().fault == ""
    result_of(inline.store.enqueue([MESSAGE]))
    inline.close()
    again = _again(tmp_path)
    assert len(result_of(again.store.queued(b"one", 0, 10))) == 1
    again.close()


def test_a_message_is_acknowledged_when_it_is_written_and_not_before(inline: Inline) -> None:
    inline.writer.holds = True
    first, second = (inline.store.enqueue([MESSAGE]) for _ in range(2))
    assert not first.called
    inline.writer.go_on()
    assert result_of(first) == result_of(second) == [Enqueued.STORED]
    assert inline.store.statistics().queued == 2
    inline.close()


def test_numbers_are_not_given_out_unless_they_are_noted_as_taken(inline: Inline) -> None:
    inline.writer.fault = FULL
    with pytest.raises(StoreError):
        result_of(inline.store.reserve_numbers(5))
    inline.writer.fault = None
    first = result_of(inline.store.reserve_numbers(5))
    assert result_of(inline.store.reserve_numbers(1)) == first + 5
    inline.close()


def test_what_was_removed_stays_so_though_the_disk_cannot_forget_it(
    inline: Inline, tmp_path: Path
) -> None:
    store = inline.store
    result_of(store.enqueue([MESSAGE] * 3))
    numbers = [message.number for message in result_of(store.queued(b"one", 0, 10))]
    inline.writer.fault = FULL
    assert result_of(store.remove(MESSAGE.account, numbers[:2])) is None
    assert [it.number for it in result_of(store.queued(b"one", 0, 10))] == numbers[2:]
    assert [it.number for it in result_of(store.queued(b"one", 0, 1))] == numbers[2:]
    inline.writer.fault = None
    inline.clock.advance(1.0)
    assert store.statistics().queued == 1
    inline.close()
    again = _again(tmp_path)
    assert [it.number for it in result_of(again.store.queued(b"one", 0, 10))] == numbers[2:]
    again.close()


def test_removals_are_written_a_few_at_a_time(inline: Inline) -> None:
    result_of(inline.store.enqueue([MESSAGE] * 1000))
    inline.writer.ran.clear()
    result_of(inline.store.remove(MESSAGE.account, range(1, 1001)))
    assert inline.writer.ran.count("remove") > 5
    assert result_of(inline.store.queue_sizes()) == {}
    assert inline.store.statistics().queued == 0
    inline.close()


def test_a_removal_is_over_when_its_own_numbers_are_written(inline: Inline) -> None:
    result_of(inline.store.enqueue([MESSAGE] * 3))
    inline.writer.holds = True
    first, second = (inline.store.remove(MESSAGE.account, [number]) for number in (1, 2))
    sizes = inline.store.queue_sizes()
    inline.writer.held.popleft()()
    assert (first.called, second.called, sizes.called) == (True, False, False)
    inline.writer.go_on()
    assert result_of(second) is None
    assert result_of(sizes) == {b"one": 1}
    inline.close()


def test_a_message_removed_while_the_queue_is_read_is_not_given(inline: Inline) -> None:
    result_of(inline.store.enqueue([MESSAGE] * 3))
    inline.reader.late = True
    reading = inline.store.queued(b"one", 0, 2)
    assert result_of(inline.store.remove(MESSAGE.account, [1])) is None
    inline.reader.go_on()
    assert [message.number for message in result_of(reading)] == [2]
    inline.close()


def test_a_queue_that_cannot_be_read_is_not_taken_for_empty(inline: Inline) -> None:
    result_of(inline.store.enqueue([MESSAGE]))
    inline.reader.fault = sqlite_error("SQLITE_IOERR")
    with logged() as events:
        with pytest.raises(StoreError):
            result_of(inline.store.queued(b"one", 0, 1))
        with pytest.raises(StoreError):
            result_of(inline.store.queue_sizes())
        assert len(errors(events)) == 1
    assert inline.store.statistics().fault.startswith("reading:")
    inline.reader.fault = None
    inline.clock.pump([1.0, 1.0])
    assert inline.store.statistics().fault == ""
    inline.close()


@pytest.mark.parametrize("error", [OSError("a test"), MemoryError("a test"), KeyError("a test")])
def test_any_other_error_is_a_failure_too(inline: Inline, error: Exception) -> None:
    inline.writer.fault = error
    assert result_of(inline.store.enqueue([MESSAGE])) == [Enqueued.FAILED]
    assert inline.store.statistics().failures == 1
    inline.writer.fault = None
    inline.clock.pump([1.0, 1.0])
    assert inline.store.statistics().fault == ""
    inline.close()


@pytest.mark.parametrize(
    ("durability", "level"),
    [(Durability.NONE, 1), (Durability.PROCESS, 1), (Durability.DISK, 2)],
)
def test_only_what_is_to_survive_a_loss_of_power_waits_for_the_disk(
    tmp_path: Path, durability: Durability, level: int
) -> None:
    """By SQLite's ``synchronous``: 1 syncs at checkpoints only, 2 with each write."""
    inline = Inline(tmp_path, durability=durability)
    store = inline.open()
    writer = store._queues._disk._database._writer
    assert writer is not None
    assert writer.execute("PRAGMA synchronous").fetchone() == (level,)
    assert writer.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
    inline.close()
