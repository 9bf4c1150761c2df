"""The progress bar of a load, on standard error and only where that is a terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from smppgate.cli.load_run import LoadRun

_PERIOD = 0.25
"""Seconds between two looks."""


class ProgressBar:
    """Shows a run while the context lasts.

    :param count: messages to be sent; None where ``duration``, in seconds, is what ends it.
    """

    def __init__(
        self,
        run: LoadRun,
        count: int | None,
        duration: float | None,
        clock: IReactorTime,
        console: Console | None = None,
    ) -> None:
        self._run = run
        self._console = console if console is not None else Console(stderr=True)
        self._is_timed = count is None
        columns = (BarColumn(), TextColumn("{task.fields[figures]}"), TimeElapsedColumn())
        # A thread of its own would take time from the load; it draws when it is told to.
        self._progress = Progress(
            *columns, console=self._console, transient=True, auto_refresh=False
        )
        self._task = self._progress.add_task("", total=count or duration, figures="")
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def __enter__(self) -> ProgressBar:
        if self._console.is_terminal:
            self._progress.start()
            self._looking.start(_PERIOD)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._looking.running:
            self._looking.stop()
            self._progress.stop()

    def _look(self) -> None:
        tally = self._run.traffic.tally
        wrong = tally.answered - tally.ok + tally.timeouts + tally.lost
        figures = f"{tally.answered} answered, {tally.rate:.0f} msg/s, {wrong} not ok"
        done = self._run.elapsed if self._is_timed else tally.answered + tally.timeouts
        self._progress.update(self._task, completed=done, figures=figures, refresh=True)
