"""Return paths that version 0.1 kept are found until they expire, also after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from smppgate.store import Limits, StoreError
from smppgate.store.sqlite.tables import STEP
from tests.store.fakes import BEGUN, Inline, killed, octets, result_of, some, sqlite_error
from tests.store.sqlite.former import FormerFile

LIFETIME = 1000.0
LIMITS = Limits(return_path_ttl=LIFETIME)


def _found(inline: Inline, *numbers: int) -> dict[bytes, bytes]:
    found = inline.wait(inline.store.find([octets(number) for number in numbers]))
    assert found.is_complete
    return dict(found.paths)


def _file(directory: Path) -> FormerFile:
    file = FormerFile(directory)
    file.archive(BEGUN + 500.0, some(3))
    file.journal(BEGUN - LIFETIME - 1.0, some(1, 100))
    file.journal(BEGUN - 900.0, some(3, 10))
    file.journal(BEGUN - 20.0, some(3, 20), [octets(10)])
    file.journal(BEGUN - 10.0, {octets(20): b"new"})
    return file


def test_what_was_in_the_journal_is_found_with_its_time_to_live(tmp_path: Path) -> None:
    file = _file(tmp_path)
    inline = Inline(tmp_path, LIMITS)
    inline.open()
    expected = some(2, 11) | some(3, 20) | {octets(20): b"new"}
    numbers = (10, 11, 12, 20, 21, 22, 100)
    assert _found(inline, *numbers) == expected
    assert file.count("journal") == 0
    left = killed(tmp_path)
    inline.close()
    for folder in (tmp_path, left):
        again = Inline(folder, LIMITS)
        again.open()
        assert _found(again, *numbers) == expected
        again.clock.advance(170.0)
        assert _found(again, *numbers) == some(3, 20) | {octets(20): b"new"}
        again.close()
    file.close()


def test_the_disk_has_them_before_they_are_deleted(tmp_path: Path) -> None:
    """Those that cannot be deleted are taken in again at the next start, which is as well."""
    file = _file(tmp_path)
    inline = Inline(tmp_path, LIMITS)
    with pytest.MonkeyPatch.context() as patched:

        def fail(_: object) -> None:
            assert inline.log.ran[-1] == "sync"
            raise sqlite_error("SQLITE_FULL")

        patched.setattr("smppgate.store.sqlite.former.clear_journal", fail)
        with pytest.raises(StoreError):
            inline.open()
    assert file.count("journal") == 4
    again = Inline(tmp_path, LIMITS)
    again.open()
    assert _found(again, 10, 11, 20) == some(1, 11) | {octets(20): b"new"}
    again.close()
    file.close()


def test_the_archive_is_asked_last_until_it_has_expired(tmp_path: Path) -> None:
    file = FormerFile(tmp_path)
    file.archive(BEGUN + 500.0, some(300))
    inline = Inline(tmp_path, LIMITS)
    store = inline.open()
    assert not store.is_all_recent
    assert store.statistics().paths_on_disk == 300
    inline.wait(store.keep({octets(1): b"new"}))
    store.end([octets(2)], 0.0)
    assert _found(inline, 0, 1, 2, 3, 300) == some(1) | {octets(1): b"new"} | some(1, 3)
    inline.close()
    again = Inline(tmp_path, LIMITS)
    store = again.open()
    assert _found(again, 0, 1, 2, 3) == some(1) | {octets(1): b"new"} | some(1, 3)
    again.clock.advance(500.0)
    assert _found(again, 0, 1) == {octets(1): b"new"}
    again.writer.ran.clear()
    again.clock.pump([0.01] * 20)
    assert again.writer.ran.count("expire_archive") >= 300 // STEP
    assert file.count("archive") == 0
    assert store.is_all_recent
    again.close()
    file.close()


def test_an_end_on_disk_counts_for_the_archive(tmp_path: Path) -> None:
    """Also when memory does not have it any more."""
    few = Limits(return_paths_in_memory=4096, return_path_ttl=LIFETIME)
    file = FormerFile(tmp_path)
    file.archive(BEGUN + 500.0, some(3))
    inline = Inline(tmp_path, few)
    store = inline.open()
    store.end([octets(1)], 0.0)
    inline.clock.advance(1.0)
    inline.wait(store.keep(some(70_000, 1000)))
    inline.clock.advance(1.0)
    inline.close()
    again = Inline(tmp_path, few)
    again.open()
    assert again.store._paths.ask_memory([octets(1)]) == ({}, [octets(1)])
    assert _found(again, 0, 1) == some(1)
    again.close()
    file.close()


def test_an_archive_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = FormerFile(tmp_path)
    file.archive(BEGUN + 500.0, some(3))
    inline = Inline(tmp_path, LIMITS)
    store = inline.open()
    inline.reader.fault = sqlite_error("SQLITE_IOERR")
    found = result_of(store.find([octets(0)]))
    assert (found.paths, found.is_complete) == ({}, False)
    inline.reader.fault = None
    inline.close()
    file.close()


def test_what_is_kept_or_ended_while_the_archive_is_read_counts(tmp_path: Path) -> None:
    file = FormerFile(tmp_path)
    file.archive(BEGUN + 500.0, some(3))
    inline = Inline(tmp_path, LIMITS)
    store = inline.open()
    inline.reader.late = True
    finding = store.find([octets(number) for number in range(3)])
    store.keep({octets(0): b""})
    store.end([octets(1)], 0.0)
    inline.reader.go_on()
    assert result_of(finding).paths == {octets(0): b"", octets(2): b"value-2"}
    inline.close()
    file.close()


def test_a_journal_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    file = _file(tmp_path)
    file.spoil()
    file.close()
    inline = Inline(tmp_path, LIMITS)
    inline.open()
    assert list(tmp_path.glob("smppgate.sqlite.broken-*"))
    inline.wait(inline.store.keep(some(1)))
    assert _found(inline, 0) == some(1)
    inline.close()
