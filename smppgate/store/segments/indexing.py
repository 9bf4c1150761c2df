"""Makes indexes and compacts segments in a process of its own.

Sorting a million keys holds the interpreter's lock for most of a second, in which the reactor
would stand still. ``python -m smppgate.store.segments.indexing`` reads what it is to do from its
arguments, as `Jobs` gives them. It imports little: no Twisted, no attrs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from smppgate.store.segments.building import build
from smppgate.store.segments.compaction import Compaction, compact
from smppgate.store.segments.files import AnyFolder, Folder
from smppgate.store.segments.names import SegmentName

NICENESS = 10
"""How much the process lets others go first."""
TIMEOUT = 3600.0
"""Seconds after which it is ended: something hangs."""
_ROOT = Path(__file__).parents[3]


class Jobs(Protocol):
    """What takes the interpreter too long. Waits for the end of it: to be called in a thread."""

    def build(self, log: str, start: int, end: int, name: str, parts: Sequence[str] = ()) -> None:
        """See `building.build`; any error is an OSError."""

    def compact(self, work: Compaction) -> bool:
        """See `compaction.compact`; any error is an OSError."""

    def stop(self) -> None:
        """Let what is being done fail, and all later ones. May be called in any thread."""


class HereJobs:
    """Does them in this process: for tests."""

    def __init__(self, folder: AnyFolder) -> None:
        self._folder = folder

    def build(self, log: str, start: int, end: int, name: str, parts: Sequence[str] = ()) -> None:
        """See `Jobs.build`."""
        build(self._folder, log, start, end, name, parts)

    def compact(self, work: Compaction) -> bool:
        """See `Jobs.compact`."""
        return _compact(self._folder, work)

    def stop(self) -> None:
        """See `Jobs.stop`."""


class ProcessJobs:
    """Does each in a process of its own.

    :param path: the folder of segments.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process: subprocess.Popen[str] | None = None
        self._is_stopped = False

    def build(self, log: str, start: int, end: int, name: str, parts: Sequence[str] = ()) -> None:
        """See `Jobs.build`."""
        self._run("build", [log, start, end, name, parts])

    def compact(self, work: Compaction) -> bool:
        """See `Jobs.compact`."""
        return bool(self._run("compact", work))

    def stop(self) -> None:
        """See `Jobs.stop`."""
        self._is_stopped = True
        process = self._process
        if process is not None:
            process.kill()

    def _run(self, what: str, arguments: object) -> Any:
        paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        with subprocess.Popen(  # noqa: S603 - this interpreter, and a module of this package
            [sys.executable, "-P", "-m", __spec__.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            # A Ctrl-C at the gate's terminal is not for it.
            start_new_session=True,
        ) as process:
            self._process = process
            try:
                if self._is_stopped:
                    process.kill()
                told, errors = process.communicate(
                    json.dumps([str(self._path), what, arguments]), TIMEOUT
                )
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise OSError("the process that makes indexes hangs") from error
            finally:
                self._process = None
        if process.returncode:
            reason = errors.strip().rpartition("\n")[2] or process.returncode
            raise OSError(f"the process that makes indexes failed: {reason}")
        return json.loads(told)


def main() -> None:
    """Do what standard input tells, and tell the result on standard output."""
    os.nice(NICENESS)
    path, what, arguments = json.load(sys.stdin)
    folder = Folder(Path(path))
    result = None
    if what == "build":
        build(folder, *arguments)
    else:
        sources, *rest = arguments
        names = tuple((SegmentName(*name), size) for name, size in sources)
        result = _compact(folder, Compaction(names, *rest))
    json.dump(result, sys.stdout)


def _compact(folder: AnyFolder, work: Compaction) -> bool:
    try:
        return compact(folder, work)
    except ValueError as error:
        raise OSError(str(error)) from error


if __name__ == "__main__":
    main()
