"""`Part`: one process of a cluster, which is frozen, or killed and started again."""

from __future__ import annotations

import signal
from pathlib import Path

from benchmarks.process import Program, started


class Part:
    """A process; there is none before the first start. Mutable."""

    def __init__(self) -> None:
        self._program: Program | None = None

    def freeze(self) -> None:
        """It does nothing until it is thawed, and no connection of its ends."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """``kill -9``."""
        if self._program is not None:
            self._program.kill()

    def _start(self, command: list[str], log: Path, cwd: Path) -> None:
        self._program = started(command, log, cwd)

    def _signal(self, number: signal.Signals) -> None:
        if self._program is not None:
            self._program.send_signal(number)
