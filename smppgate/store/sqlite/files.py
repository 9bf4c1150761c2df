"""The folder that a gate keeps its state in, and the lock that makes it one gate's."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from smppgate.store.records import StoreError

DATABASE = "smppgate.sqlite"
LOCK = "smppgate.lock"
# The files of one SQLite database: its name, with each of these at the end.
SUFFIXES = ("", "-wal", "-shm")


class StateDirectory:
    """The folder ``path``, claimed by one gate at a time.

    Its methods wait for the disk: they are called in the store's threads, not in the reactor's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / DATABASE
        self._lock: int | None = None
        """The descriptor of the lock file, whose lock ends when it is closed."""

    def claim(self) -> None:
        """Lock the folder; if it is missing, create it with mode 0700.

        :raises StoreError: when another gate has locked it, or it cannot be created or written to.
        """
        try:
            for folder in reversed((self.path, *self.path.parents)):
                if not folder.exists():
                    folder.mkdir(mode=0o700, exist_ok=True)
            lock = self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"the state directory {self.path} cannot be used: {error.strerror}"
            ) from error
        self._hold(lock)

    def release(self) -> None:
        """Unlock the folder, so that another gate can claim it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Delete the folder, which is locked, if there is nothing else in it."""
        if [file.name for file in self.path.iterdir()] == [LOCK]:
            (self.path / LOCK).unlink()
            self.path.rmdir()

    def make_database(self) -> None:
        """Create the database's file, empty and with mode 0600, unless it exists.

        SQLite would create it with the mode that the umask leaves. No connection of this process
        may be open: closing any descriptor of a file releases all POSIX locks that the process
        holds on it, SQLite's included.

        A folder that was removed meanwhile is created and locked again.

        :raises OSError: when the file cannot be created or opened.
        :raises StoreError: when the folder cannot be created, or another gate has it.
        """
        if self._lock is not None and not self.path.exists():
            self.release()
            self.claim()
        os.close(os.open(self.database, os.O_RDWR | os.O_CREAT, 0o600))

    def identity(self) -> tuple[int, int] | None:
        """Device and inode of the database's file, which identify it; None without a file."""
        try:
            status = self.database.stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def octets(self) -> int:
        """Size of the database's files."""
        return sum(_size(file) for file in self._files(DATABASE))

    def set_aside(self, now: float) -> Path | None:
        """Rename the database's files; the new path, or None if there is no database.

        No connection may be open.

        :raises OSError: when a file cannot be renamed.
        """
        if not self.database.exists():
            return None
        while (aside := self._path_aside(now)).exists():
            now += 1.0
        for file, target in zip(self._files(DATABASE), self._files(aside.name), strict=True):
            if file.exists():
                file.rename(target)
        return aside

    def _path_aside(self, now: float) -> Path:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
        return self.path / f"{DATABASE}.broken-{stamp}"

    def _files(self, name: str) -> list[Path]:
        return [self.path / (name + suffix) for suffix in SUFFIXES]

    def _hold(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(lock, 0)
            os.pwrite(lock, b"%d\n" % os.getpid(), 0)
        except BlockingIOError as error:
            owner = os.pread(lock, 20, 0).decode(errors="replace").strip()
            self.release()
            raise StoreError(
                f"the state directory {self.path} is in use by another gate (process "
                f"{owner or 'unknown'}): stop that one, or give this one a state_dir of its own"
            ) from error
        except OSError as error:
            self.release()
            raise StoreError(
                f"the state directory {self.path} cannot be used: {error.strerror}"
            ) from error


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
