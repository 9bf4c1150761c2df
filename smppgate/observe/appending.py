"""Where lines are appended to: `AppendedFile`, and `Journal`. To be used in one thread."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

MODE = 0o640
"""Numbers of people are in these files."""

JOURNAL = "/run/systemd/journal/socket"


class Unwritten(Exception):
    """Lines are lost.

    :param lines: how many.
    :param why: a few words, with the name of the file.
    """

    def __init__(self, lines: int, why: str) -> None:
        super().__init__(why)
        self.lines = lines
        self.why = why


class Destination(Protocol):
    """Takes lines."""

    def write(self, lines: bytes) -> None:
        """Append whole lines.

        :raises Unwritten: when some of them could not be; the others are there, each as a whole.
        """

    def reopen(self) -> None:
        """Open it anew before the next line."""

    def rest(self) -> float | None:
        """Do what is due without lines; gives the seconds until that is to be asked again."""

    def close(self) -> None:
        """Let go of it."""


class AppendedFile:
    """A file that lines are appended to.

    It is opened when the first line comes, and again by each that comes while it cannot be. What
    cannot be written is cut off, so that no line is there in part.

    :param head: its first line.
    :param rotate_size: octets; lines that would let it have more go into a new file. 0: any size.
    :param rotate_interval: seconds, counted from midnight UTC on; at the end of each there is a
        new file, if the old one is not empty. 0: never.
    """

    def __init__(
        self,
        path: str,
        head: bytes = b"",
        *,
        rotate_size: int = 0,
        rotate_interval: float = 0.0,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._head = head
        self._most = rotate_size
        self._interval = rotate_interval
        self._wall = wall
        self._file: int | None = None
        self._size = 0
        self._period = 0

    def write(self, lines: bytes) -> None:
        """See `Destination.write`."""
        try:
            self._open()
            if self._is_full(len(lines)) or self._is_over():
                self._rotate()
        except OSError as error:
            raise self._unwritten(lines, error) from error
        self._append(lines)

    def reopen(self) -> None:
        """See `Destination.reopen`."""
        self.close()

    def rest(self) -> float | None:
        """See `Destination.rest`: it is rotated at the end of an interval."""
        if not self._interval:
            return None
        if self._file is not None and self._is_over():
            with suppress(OSError):
                self._rotate()
        return self._interval - self._wall() % self._interval

    def close(self) -> None:
        """See `Destination.close`."""
        if self._file is not None:
            file, self._file = self._file, None
            # Some file systems tell only now that there is no room.
            with suppress(OSError):
                os.close(file)

    def _open(self) -> None:
        if self._file is not None:
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(self._path, flags, MODE)
        found = os.fstat(self._file)
        self._size = found.st_size
        self._period = self._period_of(found.st_mtime if found.st_size else self._wall())
        if self._head and not found.st_size:
            try:
                self._append(self._head)
            except Unwritten as error:
                # Lines without it in front would be of unknown columns.
                self.close()
                raise OSError(0, error.why) from error

    def _append(self, lines: bytes) -> None:
        at = 0
        try:
            while at < len(lines):
                at += self._put(lines[at:] if at else lines)
        except OSError as error:
            whole = lines.rfind(b"\n", 0, at) + 1
            self._cut(at - whole)
            self._size += whole
            raise self._unwritten(lines[whole:], error) from error
        self._size += at

    def _put(self, octets: bytes) -> int:
        """Write some of them; gives how many."""
        return os.write(self._file, octets) if self._file is not None else 0

    def _cut(self, octets: int) -> None:
        """Take off the last ``octets``, the beginning of a line that is not there as a whole."""
        if octets and self._file is not None:
            with suppress(OSError):
                os.ftruncate(self._file, os.fstat(self._file).st_size - octets)

    def _unwritten(self, lines: bytes, error: OSError) -> Unwritten:
        return Unwritten(lines.count(b"\n"), f"{self._path}: {error.strerror or error}")

    def _is_full(self, more: int) -> bool:
        return 0 < self._most < self._size + more and self._grown > 0

    @property
    def _grown(self) -> int:
        """Octets behind its head."""
        return self._size - len(self._head)

    def _is_over(self) -> bool:
        is_other = self._interval and self._period_of(self._wall()) != self._period
        return bool(is_other) and self._grown > 0

    def _period_of(self, wall: float) -> int:
        return int(wall // self._interval) if self._interval else 0

    def _rotate(self) -> None:
        """Let the file have the time in its name, and begin another.

        :raises OSError: when it goes on as it was, or the other cannot be opened.
        """
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._wall()))
        path, number = f"{self._path}.{stamp}", 1
        while os.path.exists(path):
            number += 1
            path = f"{self._path}.{stamp}-{number}"
        os.rename(self._path, path)
        self.close()
        self._open()


class Journal:
    """The journal of systemd, by its own protocol: an entry for each line."""

    def __init__(self, address: str = JOURNAL) -> None:
        self._address = address
        self._socket: socket.socket | None = None

    def write(self, lines: bytes) -> None:
        """See `Destination.write`."""
        whole = lines.split(b"\n")[:-1]
        for at, line in enumerate(whole):
            try:
                self._send(b"PRIORITY=6\nSYSLOG_IDENTIFIER=smppgate\nMESSAGE=%b\n" % line)
            except OSError as error:
                reason = f"the journal: {error.strerror or error}"
                raise Unwritten(len(whole) - at, reason) from error

    def reopen(self) -> None:
        """See `Destination.reopen`."""
        self.close()

    def rest(self) -> float | None:
        """See `Destination.rest`: nothing is ever due."""
        return None

    def close(self) -> None:
        """See `Destination.close`."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, entry: bytes) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.sendto(entry, self._address)
        except OSError:
            # The journal may have been started again.
            self.close()
            raise
