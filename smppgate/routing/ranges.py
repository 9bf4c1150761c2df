"""Destination number → who serves it, the most specific range first.

Exact numbers and prefixes are looked up by hash, so a lookup costs one probe for each prefix
*length* in use, however many ranges there are. Regular expressions are tried one after the
other, in the order of the file, and only when nothing else matched.

Whoever serves the most specific range owns the number: while they are away, what is for them is
not for anybody else whose range is wider.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
        self._patterns: dict[re.Pattern[bytes], list[T]] = {}

    def add(self, address_range: str, owner: T) -> None:
        """Let ``owner`` serve ``address_range``."""
        octets = address_range.encode("latin-1")
        if octets.startswith(b"^"):
            self._patterns.setdefault(re.compile(octets), []).append(owner)
        elif octets.endswith(b"*"):
            prefix = octets[:-1]
            self._prefixes.setdefault(prefix, []).append(owner)
            if len(prefix) not in self._lengths:
                self._lengths = tuple(sorted((*self._lengths, len(prefix)), reverse=True))
        else:
            self._exact.setdefault(octets, []).append(owner)

    def owners(self, address: bytes) -> Sequence[T]:
        """Who serves ``address`` by the most specific range that it is in; none but they do.

        An exact number wins over a prefix, a longer prefix over a shorter, and any of these over
        an expression; of expressions the first does.
        """
        owners = self._exact.get(address)
        if owners is not None:
            return owners
        for length in self._lengths:
            owners = self._prefixes.get(address[:length]) if length <= len(address) else None
            if owners is not None:
                return owners
        return next((o for pattern, o in self._patterns.items() if pattern.fullmatch(address)), ())
