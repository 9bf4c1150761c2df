"""`PidFile`: the number of the running process in a file, for those who stop it by that."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType


class PidFileTaken(OSError):
    """The process that the file names is running."""


class PidFile:
    """A file that has this process's id while it is entered.

    :param path: of the file; empty for none.
    """

    def __init__(self, path: str) -> None:
        # The process may change its folder before it removes the file.
        self._path = Path(path).absolute() if path else None

    def __enter__(self) -> PidFile:
        """Write the file; one of a process that is gone is replaced.

        :raises PidFileTaken: when its process is running.
        :raises OSError: when it cannot be written.
        """
        if self._path is not None:
            other = _running(self._path)
            if other:
                raise PidFileTaken(f"process {other} is running, as {self._path} says")
            self._path.write_text(f"{os.getpid()}\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the file."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()


def _running(path: Path) -> int:
    """The process that the file names, if it is running; else 0."""
    try:
        pid = int(path.read_text())
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError, ValueError, OverflowError):
        return 0
    except PermissionError:
        # There is such a process, of another user.
        return pid
    # After a restart of the machine this process may have the number of the former.
    return 0 if pid == os.getpid() else pid
