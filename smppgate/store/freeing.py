"""Frees the memory of large tables in small steps: one of 65 536 at once is a pause."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Any


class Freeing:
    """Tables that nobody needs any more."""

    def __init__(self) -> None:
        self._tables: deque[dict[Any, Any]] = deque()

    def __bool__(self) -> bool:
        return bool(self._tables)

    def add(self, table: dict[Any, Any]) -> None:
        """Free ``table`` too, in its turn."""
        if table:
            self._tables.append(table)

    def step(self, count: int) -> None:
        """Free up to ``count`` entries."""
        while self._tables and count > 0:
            table = self._tables[0]
            part = min(count, len(table))
            # A loop in C; a deque of no length keeps none of the results.
            deque(islice(iter(table.popitem, None), part), maxlen=0)
            count -= part
            if not table:
                self._tables.popleft()
