"""An unusable file is set aside, or refused if an operator has to decide."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from twisted.logger import LogEvent, formatEvent

from smppgate.store import DiskStore, Enqueued, Limits, NewMessage, StoreError
from smppgate.store.sqlite.database import CHECKPOINT_PASSES, Database
from smppgate.store.sqlite.schema import MIGRATIONS
from tests.store.fakes import BEGUN, Inline, errors, logged, result_of, some, sqlite_error

MESSAGE = NewMessage(b"one", b"pdu", BEGUN + 1000)
ASIDE = "smppgate.sqlite.broken-20270115T080000"


def _write(directory: Path, statement: str) -> None:
    connection = sqlite3.connect(directory / "smppgate.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()


def _filled(directory: Path) -> None:
    inline = Inline(directory, Limits(return_paths_in_memory=320))
    inline.open()
    for start in range(0, 2000, 10):
        inline.wait(inline.store.keep(some(10, start)))
        inline.clock.pump([0.01] * 2)
    inline.wait(inline.store.enqueue([MESSAGE] * 50))
    inline.close()


def _spoil(file: Path, start: int) -> None:
    """Overwrite all but the first ``start`` octets."""
    with file.open("r+b") as stream:
        size = stream.seek(0, 2)
        stream.seek(start)
        stream.write(b"\xa5" * (size - start))


def _works(store: DiskStore) -> bool:
    result_of(store.keep({b"new": b"1"}))
    result_of(store.enqueue([MESSAGE]))
    return (
        result_of(store.find([b"new"])).paths == {b"new": b"1"}
        and len(result_of(store.queued(b"one", 0, 100))) == 1
        and store.statistics().fault == ""
    )


def _text_of_errors(events: list[LogEvent]) -> str:
    return "\n".join(formatEvent(event) for event in errors(events))


# At a start


@pytest.mark.parametrize("start", [0, 16, 100, 4096])
def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path, start: int) -> None:
    _filled(tmp_path)
    _spoil(tmp_path / "smppgate.sqlite", start)
    with logged() as events:
        inline = Inline(tmp_path)
        store = inline.open()
    assert _works(store)
    assert (tmp_path / ASIDE).exists()
    assert str(tmp_path / ASIDE) in _text_of_errors(events)
    inline.close()


def test_numbers_leap_ahead_where_those_given_before_are_lost(tmp_path: Path) -> None:
    inline = Inline(tmp_path)
    before = result_of(inline.open().reserve_numbers(1000))
    result_of(inline.store.enqueue([MESSAGE]))
    inline.close()
    _spoil(tmp_path / "smppgate.sqlite", 0)
    again = Inline(tmp_path)
    store = again.open()
    assert result_of(store.reserve_numbers(1)) > before + 1000
    result_of(store.enqueue([MESSAGE]))
    assert result_of(store.queued(b"one", 1000, 1))
    again.close()


def test_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    _filled(tmp_path)
    _write(tmp_path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    inline = Inline(tmp_path)
    with pytest.raises(StoreError, match=rf"version {len(MIGRATIONS) + 1}"):
        inline.open()
    assert not (tmp_path / ASIDE).exists()
    _write(tmp_path, f"PRAGMA user_version = {len(MIGRATIONS)}")
    again = Inline(tmp_path)
    assert again.open().statistics().queued == 50
    again.close()


def test_a_second_gate_is_refused_and_does_not_disturb_the_first(tmp_path: Path) -> None:
    first = Inline(tmp_path)
    first.open()
    with pytest.raises(StoreError, match="in use by another gate"):
        Inline(tmp_path).open()
    assert _works(first.store)
    first.close()
    third = Inline(tmp_path)
    third.open()
    third.close()


def test_a_folder_in_the_files_place_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "smppgate.sqlite").mkdir()
    with pytest.raises(StoreError, match=r"smppgate\.sqlite cannot be opened"):
        Inline(tmp_path).open()


def test_a_store_that_did_not_open_may_be_closed(tmp_path: Path) -> None:
    (tmp_path / "smppgate.sqlite").mkdir()
    inline = Inline(tmp_path)
    with pytest.raises(StoreError):
        inline.open()
    inline.close()


# While it runs


def test_a_file_found_broken_is_replaced_while_the_gate_runs(tmp_path: Path) -> None:
    """Return paths of the present version lie elsewhere and stay."""
    inline = Inline(tmp_path)
    store = inline.open()
    result_of(store.keep({b"old": b"1"}))
    for _ in range(20):
        result_of(store.enqueue([NewMessage(b"one", b"x" * 1000, BEGUN + 1000)] * 100))
    # The write-ahead log and caches must be empty: they would hide the spoilt pages.
    inline.wait(store._queues._disk.catch_up())
    _spoil(tmp_path / "smppgate.sqlite", 4096)
    with logged() as events:
        with pytest.raises(StoreError):
            result_of(store.queued(b"one", 0, 2000))
        inline.clock.pump([1.0] * 3)
    assert len(list(tmp_path.glob("smppgate.sqlite.broken-???????????????"))) == 1
    assert "was begun anew" in _text_of_errors(events)
    assert store.recent(b"old") == b"1"
    assert store.statistics().queued == 0
    assert _works(store)
    inline.close()
    again = Inline(tmp_path)
    assert again.open().recent(b"old") == b"1"
    again.close()


def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """What memory has is written to it, and it is this gate's alone as before."""
    inline = Inline(tmp_path / "state")
    store = inline.open()
    result_of(store.keep({b"old": b"1"}))
    shutil.rmtree(tmp_path / "state")
    with logged() as events:
        inline.clock.pump([1.0] * 3)
    assert "is gone" in _text_of_errors(events)
    assert store.recent(b"old") == b"1"
    assert _works(store)
    with pytest.raises(StoreError, match="in use by another gate"):
        Inline(tmp_path / "state").open()
    inline.close()
    again = Inline(tmp_path / "state")
    assert again.open().recent(b"new") == b"1"
    again.close()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_was_removed_or_replaced_is_begun_anew(tmp_path: Path, replaced: bool) -> None:
    inline = Inline(tmp_path / "state")
    store = inline.open()
    result_of(store.keep({b"old": b"1"}))
    for file in (tmp_path / "state").glob("smppgate.sqlite*"):
        file.unlink()
    if replaced:
        other = Inline(tmp_path / "other")
        result_of(other.open().keep({b"other": b"1"}))
        other.close()
        shutil.copy(tmp_path / "other" / "smppgate.sqlite", tmp_path / "state")
    with logged() as events:
        inline.clock.pump([1.0] * 3)
    assert "is gone" in _text_of_errors(events)
    assert not list(tmp_path.glob("state/*.broken-*"))
    assert store.recent(b"old") == b"1"
    assert _works(store)
    inline.close()
    again = Inline(tmp_path / "state")
    assert again.open().recent(b"new") == b"1"
    again.close()


def test_nothing_fails_but_what_needs_the_file_while_it_is_replaced(tmp_path: Path) -> None:
    inline = Inline(tmp_path)
    store = inline.open()
    (tmp_path / "smppgate.sqlite").unlink()
    inline.writer.fault = OSError("no space")
    inline.clock.pump([1.0] * 3)
    assert result_of(store.keep({b"key": b"1"})) is None
    assert result_of(store.find([b"key", b"other"])).paths == {b"key": b"1"}
    assert result_of(store.remove(MESSAGE.account, [5])) is None
    assert result_of(store.enqueue([MESSAGE])) == [Enqueued.FAILED]
    with pytest.raises(StoreError):
        result_of(store.queued(b"one", 0, 1))
    with pytest.raises(StoreError):
        result_of(store.reserve_numbers(1))
    assert "no space" in store.statistics().fault
    # A connection opened before the file is renamed would delete the new one's write-ahead log.
    assert not {"find", "queued"} & set(inline.reader.ran)
    assert not (tmp_path / "smppgate.sqlite").exists()
    inline.writer.fault = None
    inline.clock.pump([1.0] * 3)
    assert store.statistics().unsaved == 0
    assert _works(store)
    inline.close()


@pytest.mark.parametrize("found", ["broken", "gone"])
def test_a_file_is_set_aside_once_at_most_however_long_a_new_one_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    inline = Inline(tmp_path)
    store = inline.open()
    result_of(store.keep({b"old": b"1"}))

    def no_space(_: sqlite3.Connection) -> int:
        raise sqlite_error("SQLITE_FULL")

    with monkeypatch.context() as patched:
        patched.setattr("smppgate.store.sqlite.database.migrate", no_space)
        if found == "gone":
            (tmp_path / "smppgate.sqlite").unlink()
        inline.writer.fault = sqlite_error("SQLITE_CORRUPT")
        store.remove(b"one", [1])
        inline.writer.fault = None
        inline.clock.pump([1.0] * 5)
        assert "SQLITE_FULL" in store.statistics().fault
    with logged() as events:
        inline.clock.pump([1.0] * 2)
    aside = len(list(tmp_path.glob("*.broken-???????????????")))
    assert aside == (".broken-" in _text_of_errors(events)) == (found == "broken")
    assert store.statistics().unsaved == 0
    assert _works(store)
    inline.close()


# The write-ahead log


def test_a_write_ahead_log_that_has_no_end_is_made_to_begin_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the last resort, because it makes the writer wait."""
    monkeypatch.setattr("smppgate.store.sqlite.database.LARGE_WAL", 0)
    monkeypatch.setattr("smppgate.store.sqlite.database.LARGEST_WAL", 0)
    inline = Inline(tmp_path)
    store = inline.open()
    take_over, modes = Database._take_over, []

    def and_more(database: Database, mode: str) -> int:
        modes.append(mode)
        return take_over(database, mode) + len(modes)

    monkeypatch.setattr(Database, "_take_over", and_more)
    result_of(store.keep(some(1)))
    inline.wait(store._queues._disk.catch_up())
    assert modes == ["PASSIVE"] * (1 + CHECKPOINT_PASSES) + ["RESTART"]
    inline.close()


def test_a_write_ahead_log_begins_anew_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smppgate.store.sqlite.database.LARGE_WAL", 0)
    inline = Inline(tmp_path)
    store = inline.open()
    for round_ in range(20):
        for number in range(10):
            result_of(store.keep(some(100, 100 * number)))
        inline.wait(store._queues._disk.catch_up())
        if not round_:
            once = (tmp_path / "smppgate.sqlite-wal").stat().st_size
    assert (tmp_path / "smppgate.sqlite-wal").stat().st_size < 2 * once
    inline.close()
