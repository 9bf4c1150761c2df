"""Fills the store's file with old return paths, before a store is opened on it.

What a gate moves to its archive in days takes minutes here: nothing is synchronised, and the
whole file stays in this process's memory. The tables and how they are written are the store's.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from smppgate.store.sqlite.files import DATABASE
from smppgate.store.sqlite.schema import migrate
from smppgate.store.sqlite.tables import STEP, archive

# Odd, so that different return paths have different ids; no index is filled in its order by them.
_SCATTER = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1

_LIFE_SECONDS = 86_400.0
_PRAGMAS = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    "cache_size = -4000000",
)


def key(number: int) -> bytes:
    """The key of one return path: a group and an id of 16 octets that look random."""
    return b"smsc%d\0%016x" % (number % 2, number * _SCATTER & _MASK)


def value(number: int) -> bytes:
    """What a return path says: account, tag, session, kind."""
    return b"esme%d\0k3f9\0a81be2d7.%x\0t" % (number % 7, number % 16 + 1)


def batches(numbers: Iterable[int], size: int) -> Iterator[dict[bytes, bytes]]:
    """The return paths of these numbers, so many at a time."""
    rest = iter(numbers)
    while batch := {key(n): value(n) for n in islice(rest, size)}:
        yield batch


def fill(directory: Path, paths: int) -> None:
    """Make the file in ``directory`` and put return paths 0 to ``paths`` - 1 into its archive."""
    directory.mkdir(mode=0o700)
    connection = sqlite3.connect(directory / DATABASE, isolation_level=None)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        migrate(connection)
        expires = time.time() + _LIFE_SECONDS
        for batch in batches(range(paths), STEP):
            archive(connection, batch, expires)
    finally:
        connection.close()


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
