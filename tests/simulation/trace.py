"""What happened in one world, line by line, and what is said when an invariant is broken."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

from tests.simulation.clock import WorldClock

_LAST_LINES = 40


class Violation(AssertionError):
    """An invariant does not hold."""


class Trace:
    """Lines with simulated time. They are made when they are asked for.

    :ivar injected: kind of fault → how often a model, the network or the store has made it.
    """

    def __init__(self, clock: WorldClock) -> None:
        self.injected: Counter[str] = Counter()
        self._clock = clock
        self._lines: list[tuple[float, str, str, object]] = []

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, who: str, what: str, about: object = "") -> None:
        """One more line. What it is about is told at the end: it must not change."""
        self._lines.append((self._clock.now, who, what, about))

    def fault(self, who: str, kind: str, about: object = "") -> None:
        """A fault of the outside's."""
        self.injected[kind] += 1
        self.add(who, "! " + kind, about)

    def lines(self, last: int | None = None) -> list[str]:
        """The last so many, or all."""
        begin = 0 if last is None else max(0, len(self._lines) - last)
        return [
            f"{t:12.6f} {who:<12} {what} {it}".rstrip() for t, who, what, it in self._lines[begin:]
        ]

    def digest(self) -> str:
        """One word for all of them."""
        return blake2b("\n".join(self.lines()).encode(), digest_size=16).hexdigest()

    def last_lines(self) -> str:
        """What led up to now."""
        return "\n".join(self.lines(_LAST_LINES))
