"""Counts of routes and rules go on over a reload, by what they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol


class Counted(Protocol):
    """What counts the messages that it was for.

    :ivar label: what it is called; others may be called the same.
    """

    label: str
    messages: int


def go_on_counting(counted: Iterable[Counted], before: Iterable[Counted]) -> None:
    """Let each begin with the count of the one that was called the same before: where several
    are, the first with that of the first, and so on."""
    counts = _numbered(before)
    for key, each in _numbered(counted).items():
        if key in counts:
            each.messages = counts[key].messages


def _numbered(counted: Iterable[Counted]) -> dict[tuple[str, int], Counted]:
    """Each by label, and by number among those with the same."""
    found: dict[tuple[str, int], Counted] = {}
    numbers: Counter[str] = Counter()
    for each in counted:
        found[each.label, numbers[each.label]] = each
        numbers[each.label] += 1
    return found
