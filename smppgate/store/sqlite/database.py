"""The SQLite database: three connections to one file, each used in a thread of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from attrs import frozen

from smppgate.store.records import Durability, StoreError
from smppgate.store.sqlite.files import StateDirectory
from smppgate.store.sqlite.journal import JournalError
from smppgate.store.sqlite.schema import migrate
from smppgate.store.sqlite.tables import Contents, contents, leap

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT = 5.0
"""Seconds to wait for a lock of another process, such as the sqlite3 shell of an operator."""
CACHE_KIB = 32_768
"""Memory of each connection for pages of the file."""
LARGE_WAL = 64 << 20
"""Octets of the write-ahead log from which on it should start over."""
LARGEST_WAL = 256 << 20
"""Octets from which on it is made to start over, for which the writer waits."""
KEPT_WAL = 2 * LARGE_WAL
"""Octets of it that stay allocated on disk when it starts over."""
CHECKPOINT_PASSES = 8
"""Passive checkpoints after the first, in which a large write-ahead log may start over."""
WAL_FRAME_SIZE = 4096 + 24
"""Octets of a page in the write-ahead log."""


class FileGone(OSError):
    """The database's file was removed or replaced by another process."""


@frozen
class Opened:
    """The contents of an opened database, and the path of the broken file it replaces, if any."""

    contents: Contents
    set_aside: Path | None


def is_broken(error: BaseException) -> bool:
    """Whether ``error`` says that the file is unusable, so that no retry can succeed."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or isinstance(
        error, JournalError | FileGone
    )


class Database:
    """The database file in ``directory``.

    :param durability: with DISK, a change has reached the disk when the call that made it returns.
    """

    def __init__(self, directory: StateDirectory, durability: Durability) -> None:
        self.file = directory.database
        self.changes = 0
        """Rows that calls of `write` have changed since the start."""
        self._directory = directory
        self._durability = durability
        self._identity: tuple[int, int] | None = None
        """The file that is open; None while a broken one is being replaced."""
        self._aside: Path | None = None
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._keeper: sqlite3.Connection | None = None

    # In the writer's thread

    def open(self, now: float) -> Opened:
        """Claim the directory and open the file, at the time ``now``; replace a broken file.

        :raises StoreError: when the directory or the file cannot be used.
        """
        self._directory.claim()
        try:
            self._identity = self._directory.identity()
            return self._open_or_renew(now)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the store's file {self.file} cannot be opened: {error}") from error

    def write(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call ``function`` with the connection that writes."""
        writer = self._writer
        if writer is None:
            raise StoreError("the store's file is not open")
        before = writer.total_changes
        try:
            return function(writer, *args, **kwargs)
        finally:
            self.changes += writer.total_changes - before

    def renew(self, now: float) -> Opened:
        """Set the file aside and create a new one, at the time ``now``.

        Call `close_reader` and `close_keeper` before: a connection that is closed after its file
        was renamed deletes the write-ahead log of the new one. When this raises, call it again.

        :raises OSError: when the file cannot be renamed.
        :raises sqlite3.Error: when no new file can be created.
        """
        self._close_writer()
        if self._identity is not None:
            # A file that another process has put there is not the broken one.
            if self._identity == self._directory.identity():
                self._aside = self._directory.set_aside(now)
            self._identity = None
        self._open()
        # Which numbers were given out is lost; fewer than the milliseconds since 1970.
        self.write(leap, int(now * 1000))
        return Opened(self.write(contents), self._aside)

    def close(self) -> None:
        """Close the last connection and release the directory."""
        try:
            self._close_writer()
        finally:
            self._directory.release()

    # In the reader's thread

    def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call ``function`` with the connection that reads."""
        if self._reader is None:
            self._reader = self._connect()
        return function(self._reader, *args, **kwargs)

    def close_reader(self) -> None:
        """Close the connection that reads, until `read` is called again."""
        reader, self._reader = self._reader, None
        _close(reader)

    # In the keeper's thread

    def inspect(self, takes_over: bool) -> int:
        """The octets on disk; copies the write-ahead log into the file if it ``takes_over``.

        :raises FileGone: when the file is missing or another one.
        """
        if self._directory.identity() != self._identity:
            raise FileGone(f"{self.file} is gone")
        if takes_over:
            self._checkpoint()
        return self._directory.octets()

    def close_keeper(self) -> None:
        """Close the keeper's connection, until `inspect` is called again."""
        keeper, self._keeper = self._keeper, None
        _close(keeper)

    def _checkpoint(self) -> None:
        """Copy the write-ahead log into the file, until it starts over if it is large.

        SQLite starts it over at the first write that finds all of it copied, and a few passes come
        to that: each has less left to copy. RESTART makes the writer wait for the disk, 200 ms and
        more.
        """
        frames = before = self._take_over("PASSIVE")
        for _ in range(CHECKPOINT_PASSES):
            if frames * WAL_FRAME_SIZE <= LARGE_WAL:
                return
            frames = self._take_over("PASSIVE")
            if frames <= before:
                # The log has started over, or does so at the next write.
                return
            before = frames
        if frames * WAL_FRAME_SIZE > LARGEST_WAL:
            self._take_over("RESTART")

    def _take_over(self, mode: str) -> int:
        """Copy the write-ahead log into the file; the number of pages in the log."""
        if self._keeper is None:
            self._keeper = self._connect()
        _, frames, _ = self._keeper.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return int(frames)

    # In any thread

    def _open_or_renew(self, now: float) -> Opened:
        try:
            self._open()
            return Opened(self.write(contents), None)
        except sqlite3.Error as error:
            if not is_broken(error):
                raise
        return self.renew(now)

    def _open(self) -> None:
        self._directory.make_database()
        self._writer = self._connect()
        (mode,) = self._writer.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreError(
                f"the file system of {self._directory.path} cannot be used by the store: "
                "SQLite's write-ahead log needs a local one"
            )
        synchronous = "FULL" if self._durability is Durability.DISK else "NORMAL"
        self._writer.execute(f"PRAGMA synchronous = {synchronous}")
        self._writer.execute(f"PRAGMA journal_size_limit = {KEPT_WAL}")
        migrate(self._writer)
        self._identity = self._directory.identity()

    def _connect(self) -> sqlite3.Connection:
        # Each connection is used in one thread, but Python's own check is off: when a store fails
        # to open, its connections may be closed in another thread after theirs has ended.
        connection = sqlite3.connect(
            self.file,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        except sqlite3.Error:
            _close(connection)
            raise
        return connection

    def _close_writer(self) -> None:
        writer, self._writer = self._writer, None
        _close(writer)


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        # What a failed close leaves unfinished is still in the write-ahead log.
        with suppress(sqlite3.Error):
            connection.close()
