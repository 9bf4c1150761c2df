"""Fills the store's file with old return paths, before a store is opened on it.

What a gate moves to its archive in days takes minutes here: nothing is synchronised, and the
whole file stays in this process's memory. The tables and how they are written are the store's.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from pathlib import Path

from benchmarks.return_path_records import batches
from smppgate.store.sqlite.files import DATABASE
from smppgate.store.sqlite.schema import migrate
from smppgate.store.sqlite.tables import STEP, archive

_LIFE_SECONDS = 86_400.0
_PRAGMAS = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    "cache_size = -4000000",
)


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
