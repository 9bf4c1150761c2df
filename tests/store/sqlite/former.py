"""A file as version 0.1 of the gate left it."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from smppgate.store.sqlite.schema import migrate


def pack(ended: Sequence[bytes], paths: Mapping[bytes, bytes]) -> bytes:
    """The octets of a batch of the journal."""
    parts = [*ended, *paths, *paths.values()]
    lengths = struct.pack(f"<{len(parts)}I", *map(len, parts))
    return struct.pack("<II", len(ended), len(paths)) + lengths + b"".join(parts)


class FormerFile:
    """The database in a folder, which is created."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self.path = directory / "smppgate.sqlite"
        self._connection = sqlite3.connect(self.path, isolation_level=None)
        migrate(self._connection)

    def journal(
        self, written: float, paths: Mapping[bytes, bytes], ended: Sequence[bytes] = ()
    ) -> None:
        """Append a batch."""
        row = (written, pack(ended, paths))
        self._connection.execute("INSERT INTO journal (written, routes) VALUES (?, ?)", row)

    def archive(self, expires: float, paths: Mapping[bytes, bytes]) -> None:
        """Append return paths to the archive."""
        rows = [(key, value, expires) for key, value in paths.items()]
        self._connection.executemany(
            "INSERT INTO archive (key, value, expires) VALUES (?, ?, ?)", rows
        )
        self._connection.execute(
            "UPDATE meta SET value = value + ? WHERE name = 'archived'", (len(rows),)
        )

    def spoil(self) -> None:
        """Let the journal be none."""
        self._connection.execute("UPDATE journal SET routes = x'0102'")

    def count(self, table: str) -> int:
        """How many rows there are."""
        (count,) = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(count)

    def close(self) -> None:
        self._connection.close()
