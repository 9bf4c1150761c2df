"""The progress bar of a load."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from smppgate.cli.load.run import LoadRun

_REDRAW_INTERVAL = 0.25
"""Seconds between two updates of the bar."""


class ProgressBar:
    """Shows the progress of a run as long as the context lasts, if the console is a terminal.

    :param count: messages to be sent; None where only ``duration``, in seconds, limits the run.
    """

    def __init__(
        self,
        run: LoadRun,
        count: int | None,
        duration: float | None,
        clock: IReactorTime,
        console: Console,
    ) -> None:
        self._run = run
        self._console = console
        self._is_timed = count is None
        columns = (BarColumn(), TextColumn("{task.fields[figures]}"), TimeElapsedColumn())
        # Without auto_refresh there is no drawing thread, which would take time from the load.
        self._progress = Progress(*columns, console=console, transient=True, auto_refresh=False)
        self._task = self._progress.add_task("", total=count or duration, figures="")
        self._updates = LoopingCall(self._update)
        self._updates.clock = clock

    def __enter__(self) -> ProgressBar:
        if self._console.is_terminal:
            self._progress.start()
            self._updates.start(_REDRAW_INTERVAL)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._updates.running:
            self._updates.stop()
            self._progress.stop()

    def _update(self) -> None:
        tally = self._run.traffic.tally
        wrong = tally.answered - tally.ok + tally.timeouts + tally.lost
        figures = f"{tally.answered} answered, {tally.rate:.0f} msg/s, {wrong} not ok"
        done = self._run.elapsed if self._is_timed else tally.answered + tally.timeouts
        self._progress.update(self._task, completed=done, figures=figures, refresh=True)
