"""What a running gate says of its store: it writes its state into its log when told SIGUSR2."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping
from typing import Any

from benchmarks.loop import Loop
from benchmarks.process import Program, ProgramError

_SECONDS = 30.0
_LINE = re.compile(r"\bstore: (\w+=.*)\n")
_COUNT = re.compile(r"(\w+)=(\d+)(?=\s|$)")

StoreState = dict[str, int]
"""The counts of the store's statistics, by name."""


def store_state(loop: Loop, program: Program) -> StoreState:
    """The store's statistics; the loop goes on until they are told.

    Raises ProgramError when they are not.
    """
    said = ""

    def is_told() -> bool:
        nonlocal said
        said += log.read()
        return bool(parsed(said))

    with program.log.open(errors="replace") as log:
        log.seek(0, os.SEEK_END)
        program.send_signal(signal.SIGUSR2)
        if not loop.run_until(is_told, _SECONDS):
            raise ProgramError(f"the gate does not tell its state: {program.said()}")
    return parsed(said)


def paths_kept(state: Mapping[str, Any]) -> int:
    """How many return paths a store has, by its statistics: on disk, or in memory alone."""
    recent: int = state["paths_recent"]
    return max(recent, state["paths_on_disk"])


def parsed(text: str) -> StoreState:
    """The counts in the last whole line of the store; empty where there is none."""
    lines = _LINE.findall(text)
    return {name: int(count) for name, count in _COUNT.findall(lines[-1])} if lines else {}
