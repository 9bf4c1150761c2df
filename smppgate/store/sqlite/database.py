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

BUSY_SECONDS = 5.0
"""How long to wait for somebody else's lock, such as that of a curious operator."""
CACHE_KIB = 32_768
"""Memory for pages of the file, of each connection."""
LARGE_WAL = 64 << 20
"""Octets of the write-ahead log at which it had better begin anew."""
LARGEST_WAL = 256 << 20
"""Octets at which it must."""
KEPT_WAL = 2 * LARGE_WAL
"""Octets of it that stay on disk when it does."""
PASSES = 8
"""How often it is tried to let it begin anew by itself."""
FRAME_SIZE = 4096 + 24
"""Octets of a page in the write-ahead log."""


class FileGone(OSError):
    """The database's file was removed or replaced by somebody."""


@frozen
class Begun:
    """What a database has, and the path of the broken one that it replaces, if it does."""

    contents: Contents
    set_aside: Path | None


def is_broken(error: BaseException) -> bool:
    """Whether ``error`` says that the file is of no use any more, and no trying again helps."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or isinstance(
        error, JournalError | FileGone
    )


class Database:
    """The file in ``directory``.

    :param durability: DISK: each change has reached the disk when it returns.
    """

    def __init__(self, directory: StateDirectory, durability: Durability) -> None:
        self.file = directory.database
        self.changes = 0
        """Rows that `write` changed, ever."""
        self._directory = directory
        self._durability = durability
        self._identity: tuple[int, int] | None = None
        """The file that is open; None as long as a broken one is being replaced."""
        self._aside: Path | None = None
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._keeper: sqlite3.Connection | None = None

    # In the writer's thread

    def begin(self, now: float) -> Begun:
        """Take the directory and open the file, at the time ``now``.

        :raises StoreError: when that is not possible, and not for the file's being broken.
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

    def renew(self, now: float) -> Begun:
        """Set the file aside and begin a new one, at the time ``now``.

        `leave_reader` and `leave_keeper` are to be called before: a connection that is closed
        when the file has another name deletes the new one's write-ahead log. When this raises,
        it is to be called again.

        :raises OSError: when that is not possible.
        :raises sqlite3.Error: when no new one can be made.
        """
        self._close_writer()
        if self._identity is not None:
            # A file that somebody put there is not the broken one.
            if self._identity == self._directory.identity():
                self._aside = self._directory.set_aside(now)
            self._identity = None
        self._open()
        # Numbers that were given out before are not known any more; so many there were not.
        self.write(leap, int(now * 1000))
        return Begun(self.write(contents), self._aside)

    def close(self) -> None:
        """Close the last connection, and let go of the directory."""
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

    def leave_reader(self) -> None:
        """Close the connection that reads, until `read` is called again."""
        reader, self._reader = self._reader, None
        _close(reader)

    # In the keeper's thread

    def look(self, has_changed: bool) -> int:
        """Take the write-ahead log into the file if it ``has_changed``; the octets on disk.

        :raises FileGone: when there is no file any more, or another.
        """
        if self._directory.identity() != self._identity:
            raise FileGone(f"{self.file} is gone")
        if has_changed:
            self._checkpoint()
        return self._directory.octets()

    def leave_keeper(self) -> None:
        """Close the connection that looks, until `look` is called again."""
        keeper, self._keeper = self._keeper, None
        _close(keeper)

    def _checkpoint(self) -> None:
        """Copy what is in the write-ahead log, until it begins anew if it is large.

        It does when something is written while nothing is left to be copied, and that comes to
        pass soon: each time less is left. To make it do so lets the writer wait for the disk,
        200 ms and more.
        """
        frames = before = self._take_over("PASSIVE")
        for _ in range(PASSES):
            if frames * FRAME_SIZE <= LARGE_WAL:
                return
            frames = self._take_over("PASSIVE")
            if frames <= before:
                # The log has begun anew, or will with what is written next.
                return
            before = frames
        if frames * FRAME_SIZE > LARGEST_WAL:
            self._take_over("RESTART")

    def _take_over(self, mode: str) -> int:
        """Copy what is in the write-ahead log; how many pages that has."""
        if self._keeper is None:
            self._keeper = self._connect()
        _, frames, _ = self._keeper.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return int(frames)

    # Any

    def _open_or_renew(self, now: float) -> Begun:
        try:
            self._open()
            return Begun(self.write(contents), None)
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
        # Each connection is used in one thread. Python cannot know that no thread's own work
        # goes on when the connections of a store that fails to open are closed by another.
        connection = sqlite3.connect(
            self.file,
            timeout=BUSY_SECONDS,
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
        # What could not be written in the end is in the write-ahead log still.
        with suppress(sqlite3.Error):
            connection.close()
