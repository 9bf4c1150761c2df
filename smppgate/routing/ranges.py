"""Destination number → who serves it, the most specific range first.

Exact numbers and prefixes are looked up by hash, so a lookup costs one probe for each prefix
*length* in use, however many ranges there are. Regular expressions are tried one after the
other, in the order of the file, and only when nothing else matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class RangeTable(Generic[T]):
    """Ranges and what serves them.

    A range is an exact number (``447700900123``), a prefix (``4477009*``) or a regular
    expression (``^44(77|78)[0-9]{8}$``).
    """

    def __init__(self) -> None:
        self._exact: dict[bytes, list[T]] = {}
        self._prefixes: dict[bytes, list[T]] = {}
        self._lengths: tuple[int, ...] = ()
        self._patterns: list[tuple[re.Pattern[bytes], T]] = []

    def add(self, address_range: str, owner: T) -> None:
        """Let ``owner`` serve ``address_range``."""
        octets = address_range.encode("latin-1")
        if octets.startswith(b"^"):
            self._patterns.append((re.compile(octets), owner))
        elif octets.endswith(b"*"):
            prefix = octets[:-1]
            self._prefixes.setdefault(prefix, []).append(owner)
            if len(prefix) not in self._lengths:
                self._lengths = tuple(sorted((*self._lengths, len(prefix)), reverse=True))
        else:
            self._exact.setdefault(octets, []).append(owner)

    def matching(self, address: bytes) -> Iterator[T]:
        """Everyone who serves ``address``, by the most specific range first."""
        yield from self._exact.get(address, ())
        for length in self._lengths:
            if length <= len(address):
                yield from self._prefixes.get(address[:length], ())
        for pattern, owner in self._patterns:
            if pattern.fullmatch(address):
                yield owner
