"""Makes indexes and compacts segments in a process of its own.

Sorting a million keys holds the interpreter's lock for most of a second, in which the reactor
would stand still. The process reads from its standard input what it is to do, a line for each job,
as `ProcessJobs` gives it. It imports little: no Twisted, no attrs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from threading import Thread
from typing import IO, Any, NamedTuple, Protocol, cast

from smppgate.store.segments.building import build
from smppgate.store.segments.compaction import Compaction, compact
from smppgate.store.segments.files import AnyFolder, Folder
from smppgate.store.segments.names import SegmentName

NICENESS = 10
"""How much the process lets others of the gate's session or control group go first."""
GROUP_NICENESS = 19
"""How much its session lets others go first; not at all once something is late."""
STINT = 0.0003
"""Seconds for which it works at once."""
LATE_STINT = 0.001
"""The same while it is late. Without breaks what shares its core would have less of it yet."""
BREAK = 0.0001
"""Seconds for which it does not, then. More does others no more good, and takes longer."""
TIMEOUT = 3600.0
"""Seconds after which it is ended: something hangs."""
_ROOT = Path(__file__).parents[3]
_PROGRAM = f"""
import os
os.nice({NICENESS})
from {__spec__.name} import main
main()
"""


class NewIndex(NamedTuple):
    """An index that is to be made, see `building.build`."""

    log: str
    start: int
    end: int
    name: str
    parts: Sequence[str] = ()


class Jobs(Protocol):
    """What takes the interpreter too long. Waits for the end of it: to be called in a thread."""

    def build(self, index: NewIndex, is_late: bool = False) -> None:
        """See `building.build`; any error is an OSError.

        :param is_late: whether too much waits for it, so that it takes fewer breaks.
        """

    def compact(self, work: Compaction) -> bool:
        """See `compaction.compact`; any error is an OSError."""

    def beside(self, path: Path) -> Jobs:
        """The same for another folder, which does not stop them."""

    def hurry(self) -> None:
        """What is being done is late by now: let others go first no more until it is done."""

    def stop(self) -> None:
        """Let what is being done fail, and all later ones. May be called in any thread."""


class HereJobs:
    """Does them in this process: for tests."""

    def __init__(self, folder: AnyFolder) -> None:
        self._folder = folder

    def build(self, index: NewIndex, is_late: bool = False) -> None:
        """See `Jobs.build`."""
        build(self._folder, *index)

    def compact(self, work: Compaction) -> bool:
        """See `Jobs.compact`."""
        return _compact(self._folder, work)

    def beside(self, path: Path) -> HereJobs:
        """See `Jobs.beside`."""
        return HereJobs(Folder(path))

    def hurry(self) -> None:
        """See `Jobs.hurry`."""

    def stop(self) -> None:
        """See `Jobs.stop`."""


class ProcessJobs:
    """Does them in a process of its own, which the first starts and the others use again.

    :param path: the folder of segments.
    :param process: that of another folder, which is not stopped from here.
    """

    def __init__(self, path: Path, process: _Process | None = None) -> None:
        self._path = path
        self._process = process or _Process()
        self._is_beside = process is not None

    def build(self, index: NewIndex, is_late: bool = False) -> None:
        """See `Jobs.build`."""
        self._process.run(self._path, "build", index, is_late)

    def compact(self, work: Compaction) -> bool:
        """See `Jobs.compact`."""
        return bool(self._process.run(self._path, "compact", work))

    def beside(self, path: Path) -> ProcessJobs:
        """See `Jobs.beside`: the same process does them."""
        return ProcessJobs(path, self._process)

    def hurry(self) -> None:
        """See `Jobs.hurry`."""
        self._process.hurry()

    def stop(self) -> None:
        """See `Jobs.stop`."""
        if not self._is_beside:
            self._process.stop()


class _Process:
    """The process that does jobs, once there are any.

    A start makes the reactor wait: the interpreter's lock is held until the new program runs.
    That took 11 ms where both had one core. The process ends with the gate: its input does.
    """

    def __init__(self) -> None:
        self.running: subprocess.Popen[str] | None = None
        self._is_stopped = False

    def run(self, path: Path, what: str, arguments: object, is_late: bool = False) -> Any:
        """What the process makes of ``arguments``; with fewer breaks if it is late.

        :raises OSError: when it fails.
        """
        process = self.running
        if process is None or process.poll() is not None:
            process = self.running = _started()
        if self._is_stopped:
            process.kill()
        told = _asked(process, json.dumps([str(path), what, arguments, is_late]))
        if not told:
            self.running = None
            raise OSError(f"the process that makes indexes failed: {_last_words(process)}")
        return json.loads(told)

    def hurry(self) -> None:
        """Let others go first no more until the next job."""
        if self.running is not None:
            _set_group_niceness(self.running.pid, 0)

    def stop(self) -> None:
        """Let what is being done fail, and all later ones."""
        self._is_stopped = True
        process = self.running
        if process is not None:
            process.kill()
            # It is gone soon, but a thread that may wait is to see it go.
            Thread(target=process.wait, name="store-jobs-end", daemon=True).start()


def _started() -> subprocess.Popen[str]:
    paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return subprocess.Popen(  # noqa: S603 - this interpreter, and a module of this package
        [sys.executable, "-P", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # A Ctrl-C at the gate's terminal is not for it.
        start_new_session=True,
    )


def _asked(process: subprocess.Popen[str], job: str) -> str:
    """What the process answers; empty when it has ended.

    :raises OSError: when it hangs.
    """
    question, answer = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
    with suppress(BrokenPipeError):
        question.write(job + "\n")
        question.flush()
    with DefaultSelector() as selector:
        selector.register(answer, EVENT_READ)
        if not selector.select(TIMEOUT):
            process.kill()
            raise OSError("the process that makes indexes hangs")
    return answer.readline()


def _last_words(process: subprocess.Popen[str]) -> object:
    """The last line that it wrote of its error, or the status with which it ended."""
    _, errors = process.communicate()
    return errors.strip().rpartition("\n")[2] or process.returncode


def main() -> None:
    """Do what each line of the standard input tells; tell the result of each in a line."""
    _leave_core()
    for line in sys.stdin:
        path, what, arguments, is_late = json.loads(line)
        stint = LATE_STINT if is_late else STINT
        _set_group_niceness(os.getpid(), 0 if is_late else GROUP_NICENESS)
        # Files of a folder that is open would not be gone from the disk once they are deleted.
        with closing(Folder(Path(path))) as folder, _breaks(stint):
            json.dump(_done(folder, what, arguments), sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()


@contextmanager
def _breaks(stint: float) -> Iterator[None]:
    """Take a break of `BREAK` after each ``stint`` of work.

    What shares the core goes on then. Without breaks it may wait until a slice of the scheduler's
    time is over, some milliseconds.
    """

    def take(*_: object) -> None:
        time.sleep(BREAK)
        signal.setitimer(signal.ITIMER_REAL, stint)

    signal.signal(signal.SIGALRM, take)
    signal.setitimer(signal.ITIMER_REAL, stint)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _set_group_niceness(pid: int, niceness: int) -> None:
    """Say how much the session of a process lets others go first, if this is known here.

    To Linux each session is a group where there are no control groups, and how nice a process is
    counts within its group alone (sched(7), "The autogroup feature").
    """
    # Without that feature there is no such file. Linux takes ten changes a second at the most, in
    # all: another job, or another second, comes soon.
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness))


def _leave_core() -> None:
    """Leave the core that the gate is pinned to, if that is one alone and there are others.

    However nice a process is, the reactor waits for a core that both share until the scheduler
    looks again: 8 ms were seen.
    """
    if sys.platform != "linux":
        return
    core = os.sched_getaffinity(0)
    others = set(range(os.cpu_count() or 1)) - core
    if len(core) == 1 and others:
        # There may be others that this process must not use.
        with suppress(OSError):
            os.sched_setaffinity(0, others)


def _done(folder: Folder, what: str, arguments: Any) -> bool | None:
    if what == "build":
        build(folder, *arguments)
        return None
    sources, *rest = arguments
    names = tuple((SegmentName(*name), size) for name, size in sources)
    return _compact(folder, Compaction(names, *rest))


def _compact(folder: AnyFolder, work: Compaction) -> bool:
    try:
        return compact(folder, work)
    except ValueError as error:
        raise OSError(str(error)) from error
