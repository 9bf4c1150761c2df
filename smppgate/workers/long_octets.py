"""`LongOctets`: an argument of AMP for octets of any length, where AMP's own end at 65 535."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from twisted.protocols import amp

PIECE = 0xFFFF
"""Octets that one value of a box may have."""


class LongOctets(amp.Argument):
    """Octets in pieces: ``name`` has the first of them, ``name.1`` and so on those behind it.

    The last piece is shorter than `PIECE`, and may be empty, so that no length needs to be told.
    The name of the argument must be a Python identifier.
    """

    def toBox(
        self, name: bytes, strings: dict[bytes, bytes], objects: dict[str, Any], proto: Any
    ) -> None:
        """Put the argument called ``name`` into the box ``strings``."""
        octets = self.retrieve(objects, name.decode("ascii"), proto)
        if octets is not None:
            strings.update(zip(_names(name), _pieces(octets), strict=False))

    def fromBox(
        self, name: bytes, strings: dict[bytes, bytes], objects: dict[str, Any], proto: Any
    ) -> None:
        """Take the argument called ``name`` out of the box ``strings``.

        :raises KeyError: a piece is missing.
        """
        if self.optional and name not in strings:
            objects[name.decode("ascii")] = None
            return
        pieces: list[bytes] = []
        for each in _names(name):
            pieces.append(strings.pop(each))
            if len(pieces[-1]) < PIECE:
                break
        objects[name.decode("ascii")] = b"".join(pieces)


def _names(name: bytes) -> Iterator[bytes]:
    yield name
    yield from (b"%s.%d" % (name, number) for number in count(1))


def _pieces(octets: bytes) -> Iterator[bytes]:
    yield from (octets[start : start + PIECE] for start in range(0, len(octets) + 1, PIECE))
