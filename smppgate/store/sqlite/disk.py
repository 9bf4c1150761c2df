"""The database as the reactor sees it: jobs for its threads, and what fails in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from smppgate.notices.store import STORE_BEGUN_ANEW, STORE_NOT_CLOSED, STORE_SET_ASIDE
from smppgate.store.faults import Faults
from smppgate.store.records import Durability, StoreError
from smppgate.store.sqlite.database import LARGE_WAL, Database, Opened, is_broken
from smppgate.store.sqlite.files import StateDirectory
from smppgate.store.sqlite.tables import Contents, probe, probe_reading
from smppgate.store.worker import Workers
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

P = ParamSpec("P")
T = TypeVar("T")

CHECKPOINT_OCTETS = 4 << 20
"""Octets written after which the next tick copies the write-ahead log into the database."""
CHECKPOINT_TICKS = 10
"""Ticks after which it is copied however little was written."""
OCTETS_PER_ROW = 5000
"""What a changed row writes to the file: little of its own page, but a page of an index, which may
be any."""

QUEUES, READING, UPKEEP, FILE = "queues", "reading", "upkeep", "file"
"""The parts of a store, each of which may fail while the others work."""


class Disk:
    """One database and its threads. Every error in them becomes a `StoreError`.

    :param workers: the threads; `close` stops them.
    :param renewed: called when a broken file has been replaced by an empty one.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        workers: Workers,
        directory: Path,
        durability: Durability,
        renewed: Callable[[Contents], None],
    ) -> None:
        self.faults = Faults(str(directory))
        self.octets = 0
        """Size of the files at the latest tick."""
        self.was_renewed = False
        """Whether a broken file has been replaced since the start."""
        self.is_unusable = False
        """Whether the file is broken and not replaced yet."""
        self._clock = clock
        self._workers = workers
        self._database = Database(StateDirectory(directory), durability)
        self._renewed = renewed
        self._renewing: Deferred[None] | None = None
        self._is_inspecting = False
        self._is_open = False
        self._octets = 0
        """Octets written since the start, beside those of rows."""
        self._taken_over = 0
        """The value of `_written` when all of it was last copied into the database."""
        self._ticks = 0

    async def open(self) -> Contents:
        """Claim the directory and open its database.

        :raises StoreError: when an operator has to act; all is closed again.
        """
        try:
            opened = await self._workers.writer.run(self._database.open, self._clock.wall())
        except Exception:
            await self.close()
            raise
        self._is_open = True
        self._log_set_aside(opened)
        return opened.contents

    async def close(self) -> None:
        """Finish the jobs that were begun, close the database and stop the threads."""
        self._is_open = False
        await self.renewal()
        writer, reader, keeper = self._workers[:3]
        reader.run(self._database.close_reader).addErrback(self._log_not_closed)
        await reader.stop()
        keeper.run(self._database.close_keeper).addErrback(self._log_not_closed)
        await keeper.stop()
        writer.run(self._database.close).addErrback(self._log_not_closed)
        await writer.stop()

    def write(
        self,
        part: str,
        octets: int,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Deferred[T]:
        """Call ``function``, which writes rows and beside them ``octets``, for ``part``.

        Fails with `StoreError` when that is not possible; nothing is changed then.
        """
        if not self._is_usable:
            return _not_open()
        self._octets += octets
        job: Callable[[], T] = partial(self._database.write, function, *args, **kwargs)
        return self._checked(part, self._workers.writer.run(job))

    def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Deferred[T]:
        """Call ``function``, which changes nothing. Fails with `StoreError` as `write` does."""
        if not self._is_usable:
            return _not_open()
        job: Callable[[], T] = partial(self._database.read, function, *args, **kwargs)
        return self._checked(READING, self._workers.reader.run(job))

    @property
    def is_behind(self) -> bool:
        """Whether writes that can wait are to wait for `catch_up`."""
        return self._written - self._taken_over > LARGE_WAL

    def catch_up(self) -> Deferred[None]:
        """Copy the write-ahead log into the database. Fails with `StoreError` if it cannot be.

        Under steady writing the log would grow without end.
        """
        return self._inspect(True) if self._is_usable else _not_open()

    def probe(self, part: str) -> None:
        """Test ``part`` if it fails; for parts that have nothing of their own to retry."""
        if part in self.faults and self._is_open:
            check = self.read(probe_reading) if part is READING else self.write(part, 0, probe)
            check.addErrback(_nothing)

    async def renewal(self) -> None:
        """Wait until no broken file is being replaced."""
        if self._renewing is not None:
            await self._renewing

    def tick(self) -> None:
        """Inspect the files and retry what failed; called once a second."""
        self._ticks += 1
        if self.is_unusable:
            self._begin_renewal()
        elif self._is_open:
            if not self._is_inspecting:
                self._inspect(self._is_checkpoint_due()).addErrback(_nothing)
            self.probe(READING)

    @property
    def _is_usable(self) -> bool:
        return self._is_open and not self.is_unusable

    @property
    def _written(self) -> int:
        """An estimate of the octets written since the start."""
        return self._octets + OCTETS_PER_ROW * self._database.changes

    def _is_checkpoint_due(self) -> bool:
        changed = self._written - self._taken_over
        return changed > (CHECKPOINT_OCTETS if self._ticks % CHECKPOINT_TICKS else 0)

    def _inspect(self, takes_over: bool) -> Deferred[None]:
        self._is_inspecting = True
        job = self._workers.keeper.run(self._database.inspect, takes_over)
        job.addBoth(self._end_inspection)
        written = self._written
        return self._checked(FILE, job).addCallback(self._inspected, takes_over, written)

    def _inspected(self, octets: int, has_taken_over: bool, written: int) -> None:
        self.octets = octets
        if has_taken_over:
            self._taken_over = max(self._taken_over, written)

    def _end_inspection(self, result: T) -> T:
        self._is_inspecting = False
        return result

    def _checked(self, part: str, job: Deferred[T]) -> Deferred[T]:
        return job.addCallbacks(
            self._worked, self._failed, callbackArgs=(part,), errbackArgs=(part,)
        )

    def _worked(self, result: T, part: str) -> T:
        self.faults.worked(part)
        return result

    def _failed(self, failure: Failure, part: str) -> Failure:
        self.faults.failed(part, failure)
        if failure.value is not None and is_broken(failure.value):
            self.is_unusable = True
            self._begin_renewal()
        return Failure(StoreError(failure.getErrorMessage()))

    def _begin_renewal(self) -> None:
        if self._renewing is None and self._is_open:
            self._renewing = renewing = Deferred.fromCoroutine(self._renew())
            # Workers that run jobs at once, as in tests, have ended it by now.
            if renewing.called:
                self._renewing = None

    async def _renew(self) -> None:
        """Replace a broken file; after an error the next tick tries again."""
        database = self._database
        try:
            await self._workers.reader.run(database.close_reader)
            await self._workers.keeper.run(database.close_keeper)
            opened = await self._workers.writer.run(database.renew, self._clock.wall())
        except Exception:
            self.faults.failed(FILE, Failure())
        else:
            self.is_unusable = False
            self.was_renewed = True
            self._taken_over = self._written
            self._log_set_aside(opened)
            self.log.tell(STORE_BEGUN_ANEW, file=database.file)
            self._renewed(opened.contents)
        self._renewing = None

    def _log_not_closed(self, failure: Failure) -> None:
        self.log.tell_failure(STORE_NOT_CLOSED, failure)

    def _log_set_aside(self, opened: Opened) -> None:
        if opened.set_aside is not None:
            self.log.tell(STORE_SET_ASIDE, aside=opened.set_aside)


def _not_open() -> Deferred[T]:
    return fail(StoreError("the store's file is not open"))


def _nothing(_: Failure) -> None:
    """Ignore a failure: `Faults` has counted and logged it."""
