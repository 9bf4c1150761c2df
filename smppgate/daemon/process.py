"""What a process is told before it runs the gate, or a part of it that is to be measured."""

from __future__ import annotations

import gc
import resource
import sys
from contextlib import suppress


def prepare_process() -> None:
    """Permit many connections, and keep the pauses of the interpreter short."""
    _raise_descriptor_limit()
    _calm_the_collector()
    _share_the_interpreter()


def _raise_descriptor_limit() -> None:
    """Let the process have as many connections as its hard limit permits.

    The soft limit is 1024 on most systems, for programs that use select().
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _calm_the_collector() -> None:
    """Look for garbage less often, and not among what stays.

    Relaying makes no reference cycles, so there is next to nothing to find, and a full search
    through all that is imported and configured is a pause of many milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _share_the_interpreter() -> None:
    """Let the store's threads have their turn sooner than Python would by itself (5 ms).

    The answers of a whole batch wait for the thread that writes it.
    """
    sys.setswitchinterval(0.001)
