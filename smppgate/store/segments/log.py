"""`Log`: appends records to the youngest segment, from the reactor's own thread if that is fast.

A record that cannot be written waits, and all behind it, in a bounded backlog; it is tried again
each second. Return paths are in memory meanwhile, so nobody waits for that.

A write of 2 KB takes 3 µs, and even beside fdatasync of the same file less than a millisecond; a
thread for it costs a message alone several switches of threads and two turns of the reactor. Where
writes are slow all the same they move to a thread, see `pace`.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smppgate.notices.store import WRITING_SLOW
from smppgate.store.faults import Faults
from smppgate.store.interface import KEEP_DEADLINE
from smppgate.store.records import Durability
from smppgate.store.segments.appending import OpenSegment
from smppgate.store.segments.backlog import Backlog, Chunk
from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.pace import Pace
from smppgate.store.segments.promises import Promises
from smppgate.store.worker import AnyWorker
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

PATHS, SYNC = "return paths", "sync"
"""The parts of the store that fail here."""


class Log:
    """The files that records are appended to, one after the other.

    :param worker: a thread, for what is not done in the reactor's.
    :param most: octets, and entries, from which on a segment is closed.
    :param closed: told of each segment that gets no more records.
    :param timer: what writes are timed by.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        folder: AnyFolder,
        worker: AnyWorker,
        faults: Faults,
        durability: Durability,
        most: tuple[int, int],
        closed: Callable[[OpenSegment], None],
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self.written: float = 0
        """The mark up to which all is written, or lost."""
        self.segment = OpenSegment(folder, 1)
        """The youngest."""
        self._clock = clock
        self._folder = folder
        self._worker = worker
        self._faults = faults
        self._durability = durability
        self._most = most
        self._closed = closed
        self._timer = timer
        self._pace = Pace()
        self._promises = Promises(clock, KEEP_DEADLINE)
        self._backlog = Backlog()
        self._is_writing = False
        self._is_syncing = False
        self._synced: float = 0
        self._fails = False
        self._is_scheduled = False

    @property
    def unsaved(self) -> int:
        """Return paths and ends that are still to be written."""
        return self._backlog.unsaved

    @property
    def lost(self) -> int:
        """Return paths and ends that were dropped unwritten."""
        return self._backlog.lost

    @property
    def keeps_at_once(self) -> bool:
        """Whether the Deferred of `append` has fired when it returns."""
        return self._durability is Durability.NONE or not (
            self._pace.is_slow or self._durability is Durability.DISK
        )

    def begin(self, segment: OpenSegment) -> None:
        """Append to ``segment`` from now on."""
        self.segment = segment

    def append(self, mark: float, now: float, octets: bytes, entries: int) -> Deferred[None]:
        """Append the record ``mark`` of so many entries, made at ``now``.

        :return: fires when it is as durable as it is to be; at once if that is not possible.
        """
        if self._backlog or self._is_writing or self._pace.is_slow:
            self._queue(Chunk(mark, now, octets, entries))
        elif (failure := self._put(octets)) is not None:
            self._queue(Chunk(mark, now, octets, entries))
            self._failed(failure)
        else:
            self._note(mark, now, entries)
            self._roll_if_full()
            if self._durability is not Durability.DISK:
                return succeed(None)
        if self.keeps_at_once or self._fails:
            return succeed(None)
        done = self._promises.add(mark)
        self._go_on()
        return done

    def tick(self) -> None:
        """Retry what failed; called once a second."""
        self._go_on()
        now = self._clock.monotonic()
        is_idle = not (self._backlog or self._is_writing or self._promises)
        if self._pace.is_slow and is_idle and self._pace.is_quiet(now):
            self._pace.turn_back(now)
            self.log.info("Return paths are written quickly again: answers wait for no thread")

    async def settle(self) -> None:
        """Wait until all is written and on the disk, or cannot be at present."""
        self._go_on(is_all=True)
        if self._backlog and not self._fails:
            await self._promises.add(self._backlog.last_mark)
        self._promises.keep(float("inf"))
        try:
            await self._worker.run(self.segment.sync)
        except OSError:
            self._faults.failed(SYNC, Failure())

    def close(self) -> None:
        """Close the file."""
        self.segment.close()

    def roll(self) -> None:
        """Close the youngest segment and begin another."""
        old = self.segment
        self.segment = OpenSegment(self._folder, old.name.last + 1)
        self._closed(old)
        is_durable = self._durability is Durability.DISK
        self._worker.run(_finish, old, is_durable).addErrback(self._not_synced)

    def abandon(self) -> None:
        """Begin another segment: the file of the youngest is gone."""
        self.segment.close()
        self.segment = OpenSegment(self._folder, self.segment.name.last + 1)

    # Writing

    def _queue(self, chunk: Chunk) -> None:
        self._backlog.add(chunk)
        self._backlog.drop_surplus(self._fails)

    def _put(self, octets: bytes) -> Failure | None:
        """Write ``octets`` in the reactor's thread; what fails if that is not possible."""
        try:
            took = self._timed(self.segment, octets)
        except OSError:
            return Failure()
        self._judge(took)
        return None

    def _go_on(self, is_all: bool = False) -> None:
        """Write what waits, or begin to."""
        self._is_scheduled = False
        while self._backlog and not self._is_writing:
            chunks = self._backlog.first()
            octets = b"".join(chunk.octets for chunk in chunks)
            if self._pace.is_slow:
                self._is_writing = True
                job = self._worker.run(self._timed, self.segment, octets)
                job.addCallbacks(self._written_aside, self._failed_aside, (chunks,))
                return
            try:
                took = self._timed(self.segment, octets)
            except OSError:
                self._failed(Failure())
                return
            self._written(took, chunks)
            if self._backlog and not is_all:
                self._schedule()
                return
        self._sync()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._clock.callLater(0, self._go_on)

    def _timed(self, segment: OpenSegment, octets: bytes) -> float:
        began = self._timer()
        segment.append(octets)
        return self._timer() - began

    def _written_aside(self, took: float, chunks: list[Chunk]) -> None:
        self._is_writing = False
        self._written(took, chunks)
        self._go_on()

    def _failed_aside(self, failure: Failure) -> None:
        self._is_writing = False
        self._failed(failure)

    def _written(self, took: float, chunks: list[Chunk]) -> None:
        self._judge(took)
        self._backlog.take(chunks)
        for chunk in chunks:
            self._note(chunk.mark, chunk.time, chunk.entries)
        self._roll_if_full()
        if self._durability is not Durability.DISK:
            self._promises.keep(self.written)

    def _note(self, mark: float, time: float, entries: int) -> None:
        """A record was written."""
        if self._fails:
            self._fails = False
            self._faults.worked(PATHS)
        segment = self.segment
        self.written = segment.mark = mark
        segment.entries += entries
        segment.newest = max(segment.newest, time)

    def _roll_if_full(self) -> None:
        segment = self.segment
        if segment.size >= self._most[0] or segment.entries >= self._most[1]:
            self.roll()

    def _failed(self, failure: Failure) -> None:
        self._fails = True
        self._faults.failed(PATHS, failure)
        if self.segment.is_torn:
            self.roll()
        self._backlog.drop_surplus(True)
        self._promises.keep(float("inf"))

    def _judge(self, took: float) -> None:
        was_slow = self._pace.is_slow
        self._pace.note(took, self._clock.monotonic())
        if self._pace.is_slow and not was_slow:
            self.log.tell(WRITING_SLOW, ms=round(took * 1000, 1))

    # Reaching the disk

    def _sync(self) -> None:
        """Begin to bring what was written to the disk, if that is waited for."""
        if self._is_syncing or self._synced >= self.written:
            return
        if self._durability is not Durability.DISK:
            return
        self._is_syncing = True
        job = self._worker.run(self.segment.sync)
        job.addCallbacks(self._has_synced, self._not_synced, (self.written,))

    def _has_synced(self, _: None, mark: float) -> None:
        self._is_syncing = False
        self._synced = mark
        self._faults.worked(SYNC)
        self._promises.keep(mark)
        self._sync()

    def _not_synced(self, failure: Failure) -> None:
        self._is_syncing = False
        self._faults.failed(SYNC, failure)
        self._promises.keep(float("inf"))


def _finish(segment: OpenSegment, is_durable: bool) -> None:
    try:
        if is_durable:
            segment.sync()
    finally:
        segment.close()
