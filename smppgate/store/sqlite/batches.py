"""Batches of return paths on their way to the disk."""

from __future__ import annotations

from collections import deque

from attrs import define
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.store.sqlite.disk import PATHS, Disk
from smppgate.store.sqlite.tables import append

BACKLOG = 100_000
"""Return paths and ends of return paths that may wait for a disk that does not work."""
PATIENCE = 10
"""How many times that many may wait for one that works and is slow."""
WRITE_SIZE = 4 << 20
"""Octets that are written at once, when much has gathered."""


@define(eq=False)
class _Batch:
    row: tuple[int, float, bytes]
    entries: int
    done: Deferred[None] | None


class Batches:
    """Written in order, one job at a time; what comes meanwhile gathers.

    A batch that cannot be written waits, to be tried again with the next `tick`, and nobody
    waits for it: what it has is in memory.

    :param waits: whether anybody waits for batches as long as writing works.
    """

    def __init__(self, disk: Disk, waits: bool, backlog: int = BACKLOG) -> None:
        self.lost = 0
        """Return paths and ends of return paths that never got to the disk."""
        self._disk = disk
        self._waits = waits
        self._backlog = backlog
        self._waiting: deque[_Batch] = deque()
        self._written: list[_Batch] = []
        """What is being written."""
        self._unsaved = 0
        self._fails = False
        self._settled: list[Deferred[None]] = []

    @property
    def unsaved(self) -> int:
        """Return paths and ends of return paths that are still to be written."""
        return self._unsaved

    def add(self, number: int, now: float, octets: bytes, entries: int) -> Deferred[None]:
        """Write a batch of so many ``entries``, the ``number`` over that of the one before.

        :return: fires when it is written, or when nobody is to wait for that.
        """
        is_awaited = self._waits and not self._fails
        done: Deferred[None] | None = Deferred() if is_awaited else None
        self._waiting.append(_Batch((number, now, octets), entries, done))
        self._unsaved += entries
        self._bound()
        if not self._fails:
            self.flush()
        return succeed(None) if done is None else done

    def tick(self) -> None:
        """Some time has passed: try again what failed."""
        if self._waiting:
            self.flush()
        else:
            self._disk.probe(PATHS)

    def flush(self) -> None:
        """Write what waits."""
        if self._written or not self._waiting:
            return
        size = 0
        while self._waiting and size < WRITE_SIZE:
            self._written.append(self._waiting.popleft())
            size += len(self._written[-1].row[2])
        rows = [batch.row for batch in self._written]
        self._disk.write(PATHS, size, append, rows).addCallbacks(self._saved, self._failed)

    def settle(self) -> Deferred[None]:
        """Fires when all is written, or when that fails."""
        settled: Deferred[None] = Deferred()
        self._settled.append(settled)
        self.flush()
        self._tell_settled()
        return settled

    def _saved(self, _: None) -> None:
        saved, self._written = self._written, []
        self._fails = False
        self._unsaved -= sum(batch.entries for batch in saved)
        _release(saved)
        self.flush()
        self._tell_settled()

    def _failed(self, _: Failure) -> None:
        self._fails = True
        self._waiting.extendleft(reversed(self._written))
        self._written = []
        self._bound()
        _release(self._waiting)
        self._tell_settled()

    def _bound(self) -> None:
        limit = self._backlog if self._fails else PATIENCE * self._backlog
        while self._unsaved > limit and self._waiting:
            batch = self._waiting.popleft()
            self._unsaved -= batch.entries
            self.lost += batch.entries
            _release([batch])

    def _tell_settled(self) -> None:
        if self._written or (self._waiting and not self._fails):
            return
        settled, self._settled = self._settled, []
        for done in settled:
            done.callback(None)


def _release(batches: deque[_Batch] | list[_Batch]) -> None:
    """Let those go on who wait for these. What they do then may change ``batches``."""
    for batch in list(batches):
        done, batch.done = batch.done, None
        if done is not None:
            done.callback(None)
