"""The database as the reactor sees it: what is done in threads, and what fails there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from smppgate.store.records import Durability, StoreError
from smppgate.store.sqlite.database import LARGE_WAL, Begun, Database, is_broken
from smppgate.store.sqlite.faults import Faults
from smppgate.store.sqlite.files import StateDirectory
from smppgate.store.sqlite.tables import Contents, probe, probe_reading
from smppgate.store.sqlite.worker import Workers

P = ParamSpec("P")
T = TypeVar("T")

CHANGED_MUCH = 4 << 20
"""Octets written after which they are taken into the database with the next tick."""
ROW_OCTETS = 5000
"""What a row changes in the file: its own page hardly, but one of an index, anywhere in it."""
CHECKPOINT_TICKS = 10
"""Ticks after which fewer are."""

PATHS, QUEUES, READING, UPKEEP, FILE = "return paths", "queues", "reading", "upkeep", "file"
"""The parts that fail and work by themselves."""


class Disk:
    """One database and its threads. Whatever fails there comes out as `StoreError`.

    :param workers: the threads; this stops them in the end.
    :param renewed: called when a file found broken has been replaced by an empty one.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        workers: Workers,
        directory: Path,
        durability: Durability,
        renewed: Callable[[Contents], None],
    ) -> None:
        self.faults = Faults(str(directory))
        self.octets = 0
        """What the files take; looked at with each tick."""
        self._clock = clock
        self._workers = workers
        self._database = Database(StateDirectory(directory), durability)
        self._renewed = renewed
        self._renewing: Deferred[None] | None = None
        self._is_looking = False
        self.was_renewed = False
        """Whether a broken file has been replaced since the start."""
        self._is_open = False
        self._is_away = False
        self._octets = 0
        self._taken_over = 0
        """What `_written` was when all of it was taken into the database."""
        self._ticks = 0

    async def open(self) -> Contents:
        """Take the directory and open its database.

        :raises StoreError: when an operator must do something about it; all is closed again.
        """
        try:
            begun = await self._workers.writer.run(self._database.begin, self._clock.seconds())
        except BaseException:
            await self.close()
            raise
        self._is_open = True
        self._tell(begun)
        return begun.contents

    async def close(self) -> None:
        """Do what was to be done, then let go of everything."""
        self._is_open = False
        await self.renewal()
        writer, reader, keeper = self._workers
        reader.run(self._database.leave_reader).addErrback(self._log_end)
        await reader.stop()
        keeper.run(self._database.leave_keeper).addErrback(self._log_end)
        await keeper.stop()
        writer.run(self._database.close).addErrback(self._log_end)
        await writer.stop()

    def write(
        self,
        part: str,
        octets: int,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Deferred[T]:
        """Call ``function``, which writes ``octets`` for ``part``, beside what rows take anyway.

        Fails with `StoreError` when that is not possible, and then has changed nothing.
        """
        if not self._is_open or self._is_away:
            return fail(StoreError("the store's file is not open"))
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
        if not self._is_open or self._is_away:
            return fail(StoreError("the store's file is not open"))
        job: Callable[[], T] = partial(self._database.read, function, *args, **kwargs)
        return self._checked(READING, self._workers.reader.run(job))

    @property
    def is_behind(self) -> bool:
        """Whether what can wait is to be written after `catch_up` only."""
        return self._written - self._taken_over > LARGE_WAL

    def catch_up(self) -> Deferred[None]:
        """Take all that was written into the database. Fails with `StoreError` if it cannot be.

        As long as much is written meanwhile the write-ahead log has no end.
        """
        if not self._is_open or self._is_away:
            return fail(StoreError("the store's file is not open"))
        return self._look(True)

    @property
    def is_away(self) -> bool:
        """Whether the file is broken, and not replaced yet."""
        return self._is_away

    def probe(self, part: str) -> None:
        """If ``part`` fails and nothing else is there to be tried, try whether it works."""
        if part in self.faults and self._is_open:
            check = self.read(probe_reading) if part is READING else self.write(part, 0, probe)
            check.addErrback(_nothing)

    async def renewal(self) -> None:
        """Wait for the end of an attempt to replace a broken file."""
        if self._renewing is not None:
            await self._renewing

    def tick(self) -> None:
        """A second has passed: look at the files, and at what failed."""
        self._ticks += 1
        if self._is_away:
            self._begin_renewal()
        elif self._is_open:
            if not self._is_looking:
                self._look(self._is_due()).addErrback(_nothing)
            self.probe(READING)

    @property
    def _written(self) -> int:
        """Octets that were written, ever, as far as that can be told."""
        return self._octets + ROW_OCTETS * self._database.changes

    def _is_due(self) -> bool:
        """Whether what was written is to be taken into the database now."""
        changed = self._written - self._taken_over
        return changed > (CHANGED_MUCH if self._ticks % CHECKPOINT_TICKS else 0)

    def _look(self, takes_over: bool) -> Deferred[None]:
        self._is_looking = True
        job = self._workers.keeper.run(self._database.look, takes_over)
        job.addBoth(self._end_look)
        written = self._written
        return self._checked(FILE, job).addCallback(self._looked, takes_over, written)

    def _looked(self, octets: int, has_taken_over: bool, written: int) -> None:
        self.octets = octets
        if has_taken_over:
            self._taken_over = max(self._taken_over, written)

    def _end_look(self, result: T) -> T:
        self._is_looking = False
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
            self._is_away = True
            self._begin_renewal()
        return Failure(StoreError(failure.getErrorMessage()))

    def _begin_renewal(self) -> None:
        if self._renewing is None and self._is_open:
            # With threads that are none it is over when this returns.
            self._renewing = renewing = Deferred.fromCoroutine(self._renew())
            if renewing.called:
                self._renewing = None

    async def _renew(self) -> None:
        """Replace a broken file; after an error that is tried again with the next tick."""
        database = self._database
        try:
            await self._workers.reader.run(database.leave_reader)
            await self._workers.keeper.run(database.leave_keeper)
            begun = await self._workers.writer.run(database.renew, self._clock.seconds())
        except Exception:
            self.faults.failed(FILE, Failure())
        else:
            self._is_away = False
            self.was_renewed = True
            self._taken_over = self._written
            self._tell(begun)
            self.log.error("The store's file {file} was begun anew", file=database.file)
            self._renewed(begun.contents)
        self._renewing = None

    def _log_end(self, failure: Failure) -> None:
        self.log.failure("The store's file was not closed", failure)

    def _tell(self, begun: Begun) -> None:
        if begun.set_aside is not None:
            self.log.error(
                "The store's file was broken. It lies in {aside} now; return paths and messages "
                "in it are lost to the gate, but for the return paths in memory.",
                aside=begun.set_aside,
            )


def _nothing(_: Failure) -> None:
    """For what has been counted and logged already."""
