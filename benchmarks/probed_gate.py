"""``python -m benchmarks.probed_gate FILE COMMAND...``: `smppgate` with a look at its pauses.

Each time that the reactor comes to a timer of a millisecond too late, a line with three numbers
goes to FILE: when, how late, and how much processor time the reactor's thread had meanwhile, in
seconds. What is late beyond that waited for other threads, or for the machine.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import IO, Any

from smppgate.cli.main import main

_INTERVAL = 0.001
_TOLD = 0.002
"""Seconds; what is shorter is not told."""


class Probe:
    """A timer that tells how late it is."""

    def __init__(self, reactor: Any, file: IO[str]) -> None:
        self._reactor = reactor
        self._file = file
        self._begin()

    def _begin(self) -> None:
        self._due = time.monotonic() + _INTERVAL
        self._cpu = time.thread_time()
        self._reactor.callLater(_INTERVAL, self._look)

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._due > _TOLD:
            cpu = time.thread_time() - self._cpu
            self._file.write(f"{now:.6f} {now - self._due:.6f} {cpu:.6f}\n")
        self._begin()


def _run(pauses: Path, arguments: list[str]) -> int:
    from twisted.internet import reactor  # noqa: PLC0415 - the import installs it

    with pauses.open("w", buffering=1) as file:
        reactor.callWhenRunning(Probe, reactor, file)  # type: ignore[attr-defined]
        return main(arguments)


if __name__ == "__main__":
    sys.exit(_run(Path(sys.argv[1]), sys.argv[2:]))
