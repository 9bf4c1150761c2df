"""The folder that a gate keeps its state in, and whose it is."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from smppgate.store.records import StoreError

DATABASE = "smppgate.sqlite"
LOCK = "smppgate.lock"
# What SQLite keeps beside a database, under its name with these at the end.
COMPANIONS = ("", "-wal", "-shm")


class StateDirectory:
    """The folder ``path``, held by one gate at a time.

    All of its methods are for a thread of their own: a disk may be slow.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / DATABASE
        self._lock: int | None = None

    def claim(self) -> None:
        """Make the folder if it is missing, for its owner alone, and take it.

        :raises StoreError: when another gate has it, or it cannot be made or written to.
        """
        try:
            for folder in reversed((self.path, *self.path.parents)):
                if not folder.exists():
                    folder.mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"the state directory {self.path} cannot be used: {error.strerror}"
            ) from error
        self._take()

    def release(self) -> None:
        """Let another gate have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def make_database(self) -> None:
        """Make an empty file for the owner alone where there is none: SQLite makes it anybody's.

        Nobody in this process may have the database open: who closes a file lets go of all locks
        on it that his process holds, SQLite's too.

        :raises OSError: when that is not possible.
        """
        os.close(os.open(self.database, os.O_RDWR | os.O_CREAT, 0o600))

    def identity(self) -> tuple[int, int] | None:
        """What tells the present database's file from another of its name; None without one."""
        try:
            status = self.database.stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def octets(self) -> int:
        """What the database takes on disk."""
        return sum(_size(file) for file in self._files(DATABASE))

    def set_aside(self, now: float) -> Path | None:
        """Rename the database, which nobody has open; its new path, or None without one.

        :raises OSError: when that is not possible.
        """
        if not self.database.exists():
            return None
        while (aside := self._aside(now)).exists():
            now += 1.0
        for file, target in zip(self._files(DATABASE), self._files(aside.name), strict=True):
            if file.exists():
                file.rename(target)
        return aside

    def _aside(self, now: float) -> Path:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
        return self.path / f"{DATABASE}.broken-{stamp}"

    def _files(self, name: str) -> list[Path]:
        return [self.path / (name + companion) for companion in COMPANIONS]

    def _take(self) -> None:
        if self._lock is None:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(self._lock, 0)
            os.pwrite(self._lock, b"%d\n" % os.getpid(), 0)
        except BlockingIOError as error:
            owner = os.pread(self._lock, 20, 0).decode(errors="replace").strip()
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
