"""The store on disk with real threads."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from twisted.internet.defer import gatherResults

from smppgate.store import DiskStore, Durability, Enqueued, Limits, NewMessage, StoreError
from tests.store.fakes import BEGUN, ThreadedClock, octets, some

LIMITS = Limits(100_000, 1600, 1000.0)


def _open_files(folder: Path) -> list[str]:
    """Files in ``folder`` that this process has open; others come and go with other tests."""
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    return [path for path in found if path.startswith(str(folder))]


@pytest.mark.parametrize("durability", Durability)
def test_everything_comes_back_after_a_restart(tmp_path: Path, durability: Durability) -> None:
    clock = ThreadedClock()
    store = DiskStore(clock, tmp_path, LIMITS, durability)
    clock.wait(store.open())
    kept = [store.keep(some(100, start)) for start in range(0, 1200, 100)]
    clock.wait(gatherResults(kept))
    store.end([octets(7)], 0.0)
    clock.wait(store.enqueue([NewMessage(b"one", b"%d" % it, BEGUN + 1000) for it in range(300)]))
    clock.wait(store.remove(b"one", [1, 2, 3]))
    first = clock.wait(store.reserve_numbers(10))
    clock.wait(store.close())

    again = DiskStore(clock, tmp_path, LIMITS, durability)
    clock.wait(again.open())
    keys = [octets(number) for number in range(1300)]
    found = clock.wait(again.find(keys)).paths
    assert found == {key: value for key, value in some(1200).items() if key != octets(7)}
    messages = clock.wait(again.queued(b"one", 0, 1000))
    assert [message.pdu for message in messages] == [b"%d" % it for it in range(3, 300)]
    assert clock.wait(again.queue_sizes()) == {b"one": 297}
    assert clock.wait(again.reserve_numbers(1)) == first + 10
    clock.wait(again.close())


def test_return_paths_are_archived_while_batches_and_lookups_go_on(tmp_path: Path) -> None:
    clock = ThreadedClock()
    store = DiskStore(clock, tmp_path, LIMITS)
    clock.wait(store.open())
    for start in range(0, 6000, 50):
        clock.wait(store.keep(some(50, start)))
        clock.advance(0.01)
        clock.wait(store._queues._upkeep.settle())
        wanted = [octets(number) for number in range(0, start + 50, 97)]
        assert clock.wait(store.find(wanted)).paths.keys() == set(wanted)
    assert store.statistics().paths_on_disk > 4000
    assert (store.statistics().forgotten, store.statistics().failures) == (0, 0)
    clock.wait(store.close())


def test_closing_leaves_no_thread_and_no_open_file(tmp_path: Path) -> None:
    threads = threading.active_count()
    clock = ThreadedClock()
    store = DiskStore(clock, tmp_path, LIMITS)
    clock.wait(store.open())
    kept = store.keep(some(100))
    finding = store.find([b"unknown"])
    clock.wait(store.close())
    assert (kept.called, finding.called) == (True, True)
    assert (threading.active_count(), _open_files(tmp_path)) == (threads, [])
    assert {file.name for file in tmp_path.iterdir()} == {
        "paths",
        "smppgate.sqlite",
        "smppgate.lock",
    }
    assert not clock.calls


def test_one_that_cannot_be_opened_leaves_none_either(tmp_path: Path) -> None:
    (tmp_path / "smppgate.sqlite").mkdir()
    threads = threading.active_count()
    clock = ThreadedClock()
    with pytest.raises(StoreError):
        clock.wait(DiskStore(clock, tmp_path, LIMITS).open())
    assert (threading.active_count(), _open_files(tmp_path)) == (threads, [])
    assert not clock.calls


def test_it_may_be_closed_while_it_is_being_opened(tmp_path: Path) -> None:
    """As by a gate that is stopped right after its start."""
    clock = ThreadedClock()
    store = DiskStore(clock, tmp_path, Limits())
    clock.wait(store.open())
    clock.wait(store.keep(some(20_000)))
    clock.wait(store.close())
    again = DiskStore(clock, tmp_path, Limits())
    opening, closing = again.open(), again.close()
    clock.wait(closing)
    assert opening.called
    third = DiskStore(clock, tmp_path, Limits())
    clock.wait(third.open())
    assert third.statistics().paths_recent == 20_000
    clock.wait(third.close())


def test_what_comes_after_the_end_is_answered(tmp_path: Path) -> None:
    clock = ThreadedClock()
    store = DiskStore(clock, tmp_path, LIMITS)
    clock.wait(store.open())
    clock.wait(store.close())
    assert store.keep({b"key": b""}).called
    assert clock.wait(store.find([b"key"])).paths == {b"key": b""}
    assert clock.wait(store.enqueue([NewMessage(b"", b"", BEGUN + 1)])) == [Enqueued.FAILED]


def test_a_broken_file_is_replaced_while_threads_are_at_work(tmp_path: Path) -> None:
    clock = ThreadedClock()
    store = DiskStore(clock, tmp_path, LIMITS)
    clock.wait(store.open())
    clock.wait(store.queue_sizes())
    (tmp_path / "smppgate.sqlite").unlink()
    kept = [store.keep(some(10, start)) for start in range(0, 100, 10)]
    finding = [store.queue_sizes() for _ in range(10)]
    clock.advance(1.0)
    clock.wait(gatherResults(kept))
    clock.wait(gatherResults(finding))
    while store._queues._disk.is_unusable or not store._queues._disk.was_renewed:
        clock.turn()
    clock.wait(store.keep(some(10, 1000)))
    clock.wait(store.close())
    again = DiskStore(clock, tmp_path, LIMITS)
    clock.wait(again.open())
    assert again.recent(octets(1000)) is not None
    clock.wait(again.close())
