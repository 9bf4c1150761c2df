"""`DiskPaths` and `DiskQueues`: the halves of a store on disk, each by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.task import Clock

from smppgate.store import DiskPaths, DiskQueues, Durability, Home, Limits, NewMessage, StoreError
from tests.store.fakes import BEGUN, ThreadedClock


def paths_in(clock: Clock, directory: Path) -> DiskPaths:
    return DiskPaths(clock, Home(directory), Limits())


def test_return_paths_are_there_after_a_restart_of_their_half_alone(tmp_path: Path) -> None:
    clock = ThreadedClock()
    for value in (None, b"value"):
        store = paths_in(clock, tmp_path / "state" / "worker-1")
        clock.wait(store.open())
        assert store.recent(b"key") == value
        clock.wait(store.keep({b"key": b"value"}))
        assert store.statistics().paths_recent == 1
        clock.wait(store.close())
    assert not (tmp_path / "state" / "worker-1" / "smppgate.sqlite").exists()


def test_a_folder_of_return_paths_is_one_process_s(tmp_path: Path) -> None:
    clock = ThreadedClock()
    first, second = paths_in(clock, tmp_path), paths_in(clock, tmp_path)
    clock.wait(first.open())
    with pytest.raises(StoreError, match="in use"):
        clock.wait(second.open())
    clock.wait(first.close())
    third = paths_in(clock, tmp_path)
    clock.wait(third.open())
    clock.wait(third.close())
    assert clock.getDelayedCalls() == []


def test_queues_are_there_after_a_restart_of_their_half_alone(tmp_path: Path) -> None:
    clock = ThreadedClock()
    for stored in (0, 1):
        store = DiskQueues(clock, tmp_path, 1000.0, Durability.PROCESS)
        clock.wait(store.open())
        assert store.stored(b"one") == store.statistics().queued == stored
        clock.wait(store.enqueue([NewMessage(b"one", b"pdu", BEGUN + 1000.0)]))
        clock.wait(store.close())
    assert not (tmp_path / "paths").exists()
    assert clock.getDelayedCalls() == []
