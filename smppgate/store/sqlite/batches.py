"""Batches of return paths on their way to the disk."""

from __future__ import annotations

from collections import deque

from attrs import define
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.store.sqlite.disk import PATHS, Disk
from smppgate.store.sqlite.tables import append
from smppgate.store.waiters import Waiters

BACKLOG = 100_000
"""Return paths and ends of return paths that may wait while writing fails."""
SLOW_DISK_FACTOR = 10
"""How many times that many may wait while writing works, but slowly."""
MAX_WRITE_SIZE = 4 << 20
"""Octets after which no further batch is added to a write."""


@define(eq=False)
class _Batch:
    row: tuple[int, float, bytes]
    entries: int
    done: Deferred[None] | None


class Batches:
    """Writes batches in order, one job at a time; batches that arrive meanwhile gather.

    A batch that cannot be written is written again at the next `tick`. Its Deferred fires at the
    first failure: memory has its return paths.

    :param waits: whether Deferreds fire only when their batch is written, as long as writing
        works.
    """

    def __init__(self, disk: Disk, waits: bool) -> None:
        self.lost = 0
        """Return paths and ends of return paths that were dropped unwritten."""
        self._disk = disk
        self._waits = waits
        self._waiting: deque[_Batch] = deque()
        self._being_written: list[_Batch] = []
        self._unsaved = 0
        self._fails = False
        self._settled = Waiters()

    @property
    def unsaved(self) -> int:
        """Return paths and ends of return paths that are still to be written."""
        return self._unsaved

    def add(self, number: int, now: float, octets: bytes, entries: int) -> Deferred[None]:
        """Write a batch of ``entries`` return paths and ends of return paths.

        ``number`` is greater than that of the batch before.

        :return: fires when the batch is written; at once if writing fails, or if Deferreds do not
            wait for it.
        """
        is_awaited = self._waits and not self._fails
        done: Deferred[None] | None = Deferred() if is_awaited else None
        self._waiting.append(_Batch((number, now, octets), entries, done))
        self._unsaved += entries
        self._drop_surplus()
        if not self._fails:
            self.flush()
        return succeed(None) if done is None else done

    def tick(self) -> None:
        """Retry what failed; called once a second."""
        if self._waiting:
            self.flush()
        else:
            self._disk.probe(PATHS)

    def flush(self) -> None:
        """Begin to write the batches that wait, unless others are being written."""
        if self._being_written or not self._waiting:
            return
        size = 0
        while self._waiting and size < MAX_WRITE_SIZE:
            self._being_written.append(self._waiting.popleft())
            size += len(self._being_written[-1].row[2])
        rows = [batch.row for batch in self._being_written]
        self._disk.write(PATHS, size, append, rows).addCallbacks(self._saved, self._failed)

    def settle(self) -> Deferred[None]:
        """Fires when all batches are written, or when writing fails."""
        settled = self._settled.wait()
        self.flush()
        self._release_settled()
        return settled

    def _saved(self, _: None) -> None:
        saved, self._being_written = self._being_written, []
        self._fails = False
        self._unsaved -= sum(batch.entries for batch in saved)
        _release(saved)
        self.flush()
        self._release_settled()

    def _failed(self, _: Failure) -> None:
        self._fails = True
        self._waiting.extendleft(reversed(self._being_written))
        self._being_written = []
        self._drop_surplus()
        _release(self._waiting)
        self._release_settled()

    def _drop_surplus(self) -> None:
        """Drop the oldest batches beyond what may wait."""
        limit = BACKLOG if self._fails else SLOW_DISK_FACTOR * BACKLOG
        while self._unsaved > limit and self._waiting:
            batch = self._waiting.popleft()
            self._unsaved -= batch.entries
            self.lost += batch.entries
            _release([batch])

    def _release_settled(self) -> None:
        if not self._being_written and (self._fails or not self._waiting):
            self._settled.release()


def _release(batches: deque[_Batch] | list[_Batch]) -> None:
    """Fire the Deferreds of ``batches``. Their callbacks may change ``batches``."""
    for batch in list(batches):
        done, batch.done = batch.done, None
        if done is not None:
            done.callback(None)
