"""Expiry goes by the wall clock, whose times can be compared after a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet.task import Clock as Reactor

from smppgate.store import DiskStore, IStore, Limits, MemoryStore, NewMessage
from tests.store.fakes import inline_workers, wait

TTL = 1000.0
WALL = 1e9


class TwoClocks(Reactor):
    """A reactor on monotonic time; the wall clock beside it can be set."""

    offset = WALL

    def wall(self) -> float:
        """Seconds since 1970, until it is set."""
        return self.seconds() + self.offset


def in_memory(clock: TwoClocks, _directory: Path) -> IStore:
    """A store whose contents end with the process."""
    return MemoryStore(clock, Limits(return_path_ttl=TTL))


def on_disk(clock: TwoClocks, directory: Path) -> IStore:
    """A store in a file, without threads."""
    limits = Limits(return_path_ttl=TTL)
    return DiskStore(clock, directory, limits, workers=inline_workers())


@pytest.mark.parametrize("make", [in_memory, on_disk])
def test_what_is_kept_expires_by_the_wall_clock(
    make: Callable[[TwoClocks, Path], IStore], tmp_path: Path
) -> None:
    """Set back, it keeps all a little longer; set forward beyond the time to live, all is gone."""
    clock = TwoClocks()
    store = make(clock, tmp_path)
    wait(clock, store.open())
    wait(clock, store.keep({b"key": b"value"}))
    message = NewMessage(b"acme", b"octets", clock.wall() + TTL)
    wait(clock, store.enqueue([message]))
    clock.offset -= 3600.0
    clock.pump([1.0, 1.0])
    assert wait(clock, store.find([b"key"])).paths == {b"key": b"value"}
    assert [m.pdu for m in wait(clock, store.queued(b"acme", 0, 9))] == [b"octets"]
    clock.offset += 3600.0 + 2 * TTL
    clock.pump([1.0, 1.0])
    assert wait(clock, store.find([b"key"])).paths == {}
    assert wait(clock, store.queued(b"acme", 0, 9)) == []
    wait(clock, store.close())
