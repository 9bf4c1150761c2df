"""The reactor's thread, for tests of what others tell it."""

from __future__ import annotations

from collections.abc import Callable
from queue import Queue
from typing import Any

PATIENCE = 30.0
"""Seconds that a thread may take to tell anything."""


class Calls:
    """Has what threads want to be called in the reactor's, until the test lets it be."""

    def __init__(self) -> None:
        self._calls: Queue[tuple[Callable[..., None], tuple[Any, ...]]] = Queue()

    def callFromThread(self, function: Callable[..., None], *arguments: Any) -> None:
        """As that of a reactor."""
        self._calls.put((function, arguments))

    def next(self) -> None:
        """Make the next call, once there is one."""
        function, arguments = self._calls.get(timeout=PATIENCE)
        function(*arguments)
