"""While the disk fails forwarding goes on and no queued message is acknowledged; it recovers."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.logger import formatEvent

from smppgate.store import Durability, Enqueued, Limits, NewMessage, StoreError
from smppgate.store.sqlite.batches import BACKLOG, Batches
from smppgate.store.sqlite.journal import pack
from tests.store.fakes import BEGUN, Inline, errors, logged, octets, result_of, some, sqlite_error

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


def test_return_paths_are_kept_in_memory_and_written_when_it_works_again(
    inline: Inline, tmp_path: Path
) -> None:
    store = inline.store
    inline.writer.fault = FULL
    for number in range(5):
        assert result_of(store.keep(some(1, number))) is None
        assert store.recent(octets(number)) is not None
    assert store.statistics().unsaved == 5
    inline.writer.fault = None
    inline.clock.advance(1.0)
    assert store.statistics().unsaved == 0
    inline.close()
    again = _again(tmp_path)
    assert all(again.store.recent(octets(number)) for number in range(5))
    again.close()


def test_it_is_logged_once_when_it_begins_and_once_when_it_is_over(inline: Inline) -> None:
    with logged() as events:
        inline.writer.fault = FULL
        for number in range(5):
            inline.store.keep(some(1, number))
            inline.clock.advance(1.0)
        assert len(events) == len(errors(events)) == 1
        assert "return paths: a test says SQLITE_FULL" in formatEvent(events[0])
        assert inline.store.statistics().fault == "return paths: a test says SQLITE_FULL"
        assert inline.store.statistics().failures >= 5
        inline.writer.fault = None
        inline.clock.pump([1.0] * 3)
        assert len(events) == 2
        assert "works again" in formatEvent(events[1])
        assert inline.store.statistics().fault == ""
    inline.close()


def test_a_write_that_fails_while_others_wait_lets_all_of_them_go_on(inline: Inline) -> None:
    inline.writer.holds = True
    kept = [inline.store.keep(some(1, number)) for number in range(3)]
    assert not any(deferred.called for deferred in kept)
    with inline.broken_table("journal"):
        inline.writer.go_on()
        assert all(deferred.called for deferred in kept)
        assert inline.store.statistics().unsaved == 3
    inline.clock.advance(1.0)
    assert inline.store.statistics().unsaved == 0
    inline.close()


def test_order_is_kept_over_a_failure(inline: Inline, tmp_path: Path) -> None:
    """The newest value of a key is found after a restart, and what was ended is not."""
    store = inline.store
    store.keep({b"key": b"1", b"ended": b"1"})
    inline.writer.fault = FULL
    store.keep({b"key": b"2", b"ended": b"2"})
    store._paths.end([b"ended"])
    inline.clock.advance(1.0)
    inline.writer.fault = None
    store.keep({b"key": b"3"})
    inline.clock.advance(1.0)
    inline.close()
    again = _again(tmp_path)
    assert again.store.recent(b"key") == b"3"
    assert again.store.recent(b"ended") is None
    again.close()


def test_the_backlog_is_bounded_and_what_is_lost_is_counted(
    inline: Inline, tmp_path: Path
) -> None:
    store = inline.store
    inline.writer.fault = FULL
    for start in range(0, BACKLOG + 5000, 1000):
        store.keep(some(1000, start, b"v"))
    assert store.statistics().unsaved == BACKLOG
    assert store.statistics().lost == 5000
    assert store.recent(octets(0)) == b"v"
    inline.writer.fault = None
    inline.clock.advance(1.0)
    assert store.statistics().unsaved == 0
    inline.close()
    again = _again(tmp_path)
    assert again.store.recent(octets(4999)) is None
    assert again.store.recent(octets(5000)) == b"v"
    again.close()


def test_the_oldest_of_the_backlog_is_what_was_being_written(
    inline: Inline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smppgate.store.sqlite.batches.BACKLOG", 2)
    batches = Batches(inline.store._disk, True)
    inline.writer.holds = True
    for number in range(1, 4):
        batches.add(number, BEGUN, pack([], some(1, number)), 1)
    with inline.broken_table("journal"):
        inline.writer.go_on()
    assert (batches.unsaved, batches.lost) == (2, 1)
    batches.tick()
    assert batches.unsaved == 0
    inline.close()
    again = _again(tmp_path)
    found = [number for number in range(5) if again.store.recent(octets(number))]
    assert found == [2, 3]
    again.close()


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


def test_lookups_give_what_memory_has_when_the_disk_cannot_be_read(tmp_path: Path) -> None:
    inline = Inline(tmp_path, Limits(return_paths_in_memory=16))
    store = inline.open()
    for number in range(100):
        store.keep(some(1, number))
        inline.clock.pump([0.01] * 3)
    inline.reader.fault = sqlite_error("SQLITE_IOERR")
    with logged() as events:
        found = result_of(store.find([octets(0), octets(99)]))
        assert (found.paths, found.is_complete) == (some(1, 99), False)
        with pytest.raises(StoreError):
            result_of(store.queued(b"one", 0, 1))
        with pytest.raises(StoreError):
            result_of(store.queue_sizes())
        assert len(errors(events)) == 1
    assert store.statistics().fault.startswith("reading:")
    inline.reader.fault = None
    inline.clock.pump([1.0, 1.0])
    assert store.statistics().fault == ""
    assert len(result_of(store.find([octets(0), octets(99)])).paths) == 2
    inline.close()


@pytest.mark.parametrize("error", [OSError("a test"), MemoryError("a test"), KeyError("a test")])
def test_any_other_error_is_a_failure_too(inline: Inline, error: Exception) -> None:
    inline.writer.fault = error
    assert result_of(inline.store.keep(some(1))) is None
    assert inline.store.statistics().failures == 1
    inline.writer.fault = None
    inline.clock.pump([1.0, 1.0])
    assert inline.store.statistics().fault == ""
    inline.close()


def test_closing_ends_though_the_disk_fails_and_says_what_was_lost(inline: Inline) -> None:
    inline.writer.fault = FULL
    inline.store.keep(some(7))
    inline.store.remove(MESSAGE.account, [1])
    with logged() as events:
        inline.close()
    assert "7 return paths could not be written" in [
        formatEvent(event) for event in errors(events)
    ]


# Durability


def test_a_batch_fires_at_once_where_nothing_is_to_survive(tmp_path: Path) -> None:
    inline = Inline(tmp_path, durability=Durability.NONE)
    store = inline.open()
    inline.writer.holds = True
    assert result_of(store.keep(some(5))) is None
    assert store.statistics().unsaved == 5
    assert not store.enqueue([MESSAGE]).called
    inline.writer.go_on()
    assert store.statistics().unsaved == 0
    inline.close()
    again = _again(tmp_path)
    assert again.store.statistics().paths_recent == 5
    again.close()


@pytest.mark.parametrize("durability", [Durability.PROCESS, Durability.DISK])
def test_a_batch_fires_when_it_is_written_and_not_before(
    tmp_path: Path, durability: Durability
) -> None:
    inline = Inline(tmp_path, durability=durability)
    store = inline.open()
    inline.writer.holds = True
    first, second = (store.keep(some(1, number)) for number in range(2))
    assert (first.called, second.called) == (False, False)
    inline.writer.held.popleft()()
    assert (first.called, second.called) == (True, False)
    inline.writer.go_on()
    assert second.called
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
    writer = store._disk._database._writer
    assert writer is not None
    assert writer.execute("PRAGMA synchronous").fetchone() == (level,)
    assert writer.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
    inline.close()


def test_batches_that_gather_are_written_at_once(inline: Inline) -> None:
    inline.writer.holds = True
    kept = [inline.store.keep(some(10, start)) for start in range(0, 1000, 10)]
    inline.writer.ran.clear()
    inline.writer.go_on()
    assert inline.writer.ran.count("append") == 1
    assert all(deferred.called for deferred in kept)
    inline.close()


def test_a_large_batch_is_written_in_parts(inline: Inline, tmp_path: Path) -> None:
    result_of(inline.store.keep(some(10_000)))
    inline.close()
    again = _again(tmp_path)
    assert again.store.statistics().paths_recent == 10_000
    again.close()
