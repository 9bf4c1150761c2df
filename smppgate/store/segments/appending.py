"""A segment that is being written: nothing but whole records stays in it."""

from __future__ import annotations

import errno
from contextlib import suppress

from smppgate.store.segments.files import AnyFile, AnyFolder
from smppgate.store.segments.names import SegmentName
from smppgate.store.segments.records import VERSION


class OpenSegment:
    """The youngest segment. Its file is made by the first write.

    :param size: the octets of it that are good.
    """

    def __init__(self, folder: AnyFolder, number: int, size: int = 0, entries: int = 0) -> None:
        self.name = SegmentName(number, number)
        self.size = size
        self.entries = entries
        """Keys of return paths and of ends in it."""
        self.newest = float("-inf")
        """When its newest record was written."""
        self.mark: float = 0
        """Of its newest record."""
        self.is_torn = False
        """Whether octets of no whole record may be at its end: nothing may follow them."""
        self._folder = folder
        self._file: AnyFile | None = None

    def append(self, octets: bytes) -> None:
        """Append whole records: all of ``octets`` or, as far as that is possible, nothing.

        :raises OSError: when they cannot be written.
        """
        if self._file is None:
            self._file = self._opened()
        if not self.size:
            octets = VERSION + octets
        self._write(self._file, octets)
        self.size += len(octets)

    def sync(self) -> None:
        """Return when the disk has all that was appended.

        :raises OSError: when it cannot have it.
        """
        if self._file is not None:
            self._file.sync()

    def is_in_place(self) -> bool:
        """Whether the file is still found under its name; also if there is none yet.

        :raises OSError: when that cannot be told.
        """
        file = self._file
        return file is None or file.is_in_place()

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def _opened(self) -> AnyFile:
        try:
            return self._folder.append(self.name.log)
        except FileNotFoundError:
            self._folder.make()
            return self._folder.append(self.name.log)

    def _write(self, file: AnyFile, octets: bytes) -> None:
        done = 0
        try:
            done = file.write(octets)
            while done < len(octets):
                more = file.write(octets[done:])
                if not more:
                    raise OSError(errno.ENOSPC, "nothing more can be written")
                done += more
        except OSError:
            try:
                file.truncate(self.size)
            except OSError:
                self.is_torn = True
            raise
