"""The folder of segments and indexes, and the one file in it that is appended to.

All that touches the disk is here, behind `AnyFolder` and `AnyFile`: a model of a disk can take
their place. Helper processes import this module: it imports little.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Protocol

FOLDER = "paths"
"""The folder's name, in the state directory."""
OPEN_FILES = 32
"""Files of its own that a gate keeps open for reading, at most."""
FEW_FILES = 4
"""The same of a folder that is seldom read."""
TEMPORARY = ".new"
"""How the names of files end that are not whole yet."""


class AnyFile(Protocol):
    """A file that is open to be appended to."""

    def write(self, octets: bytes) -> int:
        """Append ``octets``, or the first so many of them as are returned."""

    def truncate(self, size: int) -> None:
        """Take off all behind the first ``size`` octets."""

    def sync(self) -> None:
        """Return when the disk has all that was written."""

    def is_in_place(self) -> bool:
        """Whether the file is still found under its name."""

    def close(self) -> None:
        """Close it."""


class AnyFolder(Protocol):
    """A folder of files. Whatever cannot be done raises OSError."""

    def make(self) -> None:
        """Create the folder unless it exists, but not those above it."""

    def sizes(self) -> Mapping[str, int]:
        """The octets of each file, by name."""

    def append(self, name: str) -> AnyFile:
        """Open a file to append to it; it is created if it is missing."""

    def read(self, name: str, size: int, offset: int) -> bytes:
        """``size`` octets of a file from ``offset`` on, fewer at its end."""

    def save(self, name: str, write: Callable[[Callable[[bytes], object]], object]) -> None:
        """Make a file, whole and on the disk or not at all, of what ``write`` writes.

        One of the same name is replaced.
        """

    def sync(self, name: str) -> None:
        """Return when the disk has all of a file."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, also after a loss of power."""

    def remove(self, name: str) -> None:
        """Delete a file, if it exists."""

    def close(self) -> None:
        """Close all files that are open for reading."""


class LogFile:
    """A file of the disk that is open to be appended to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o600)

    def write(self, octets: bytes) -> int:
        """See `AnyFile.write`."""
        return os.write(self._fd, octets)

    def truncate(self, size: int) -> None:
        """See `AnyFile.truncate`."""
        os.ftruncate(self._fd, size)

    def sync(self) -> None:
        """See `AnyFile.sync`."""
        os.fdatasync(self._fd)

    def is_in_place(self) -> bool:
        """See `AnyFile.is_in_place`."""
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return False
        try:
            return os.path.samestat(there, os.fstat(self._fd))
        except OSError:
            # It has been closed meanwhile, by a thread that knows.
            return True

    def close(self) -> None:
        """See `AnyFile.close`."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class Folder:
    """A folder of the disk. May be used in any thread.

    :param most_open: files that are kept open for reading, at most.
    """

    def __init__(self, path: Path, most_open: int = OPEN_FILES) -> None:
        self.path = path
        self._most_open = most_open
        self._open: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()

    def make(self) -> None:
        """See `AnyFolder.make`."""
        with suppress(FileExistsError):
            self.path.mkdir(mode=0o700)

    def sizes(self) -> Mapping[str, int]:
        """See `AnyFolder.sizes`."""
        found = {}
        with os.scandir(self.path) as entries:
            for entry in entries:
                # Another may go in between.
                with suppress(FileNotFoundError):
                    found[entry.name] = entry.stat().st_size
        return found

    def append(self, name: str) -> AnyFile:
        """See `AnyFolder.append`."""
        return LogFile(self.path / name)

    def read(self, name: str, size: int, offset: int) -> bytes:
        """See `AnyFolder.read`."""
        with self._lock:
            return os.pread(self._descriptor(name), size, offset)

    def save(self, name: str, write: Callable[[Callable[[bytes], object]], object]) -> None:
        """See `AnyFolder.save`."""
        # Of this process alone: one of a gate that was killed may still be at work.
        temporary = self.path / f"{name}.{os.getpid()}{TEMPORARY}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as stream:
            write(stream.write)
            stream.flush()
            os.fsync(stream.fileno())
        self.rename(temporary.name, name)

    def sync(self, name: str) -> None:
        """See `AnyFolder.sync`."""
        fd = os.open(self.path / name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(fd)
        finally:
            os.close(fd)

    def rename(self, old: str, new: str) -> None:
        """See `AnyFolder.rename`."""
        self._forget(old)
        self._forget(new)
        (self.path / old).rename(self.path / new)
        self._sync_names()

    def remove(self, name: str) -> None:
        """See `AnyFolder.remove`."""
        self._forget(name)
        with suppress(FileNotFoundError):
            (self.path / name).unlink()

    def close(self) -> None:
        """See `AnyFolder.close`."""
        with self._lock:
            while self._open:
                os.close(self._open.popitem()[1])

    def _descriptor(self, name: str) -> int:
        fd = self._open.pop(name, None)
        if fd is None:
            fd = os.open(self.path / name, os.O_RDONLY | os.O_CLOEXEC)
            while len(self._open) >= self._most_open:
                os.close(self._open.popitem(last=False)[1])
        self._open[name] = fd
        return fd

    def _forget(self, name: str) -> None:
        with self._lock:
            fd = self._open.pop(name, None)
            if fd is not None:
                os.close(fd)

    def _sync_names(self) -> None:
        fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
