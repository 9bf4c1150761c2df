"""The tables, and how those of earlier versions become those of today.

``journal`` has one row for each batch of return paths, as `smppgate.store.sqlite.journal` packs
it. All of it is in memory as well. What no longer is lies in ``archive``, one row for each return
path, the oldest first. ``meta`` has ``next_number``, the first of `reserve_numbers`, and
``archived``, the number of rows of ``archive``, which to count would be to read all keys, and
``probes``, which changes when it is tried whether writing works.
"""

from __future__ import annotations

import sqlite3

from smppgate.store.records import StoreError

MIGRATIONS = (
    """
    CREATE TABLE journal (
        seq INTEGER PRIMARY KEY, written REAL NOT NULL, routes BLOB NOT NULL
    );
    CREATE TABLE archive (
        id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL,
        expires REAL NOT NULL
    );
    CREATE TABLE queue (
        number INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL, expires REAL NOT NULL,
        pdu BLOB NOT NULL
    );
    CREATE INDEX queue_account ON queue (account, number, expires);
    CREATE INDEX queue_expires ON queue (expires);
    CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO meta VALUES ('next_number', 1), ('archived', 0), ('probes', 0);
    """,
)
"""What makes each version out of the one before, the first out of nothing. Nothing is ever
changed here, only added."""


def migrate(connection: sqlite3.Connection, migrations: tuple[str, ...] = MIGRATIONS) -> int:
    """Bring a database to the version that ``migrations`` end with; the version it had.

    A version is made whole or not at all.

    :raises StoreError: when it is of a version still newer.
    :raises sqlite3.Error: when the database cannot be read or written.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > len(migrations):
        raise StoreError(
            f"the store's file is of version {found}, and this gate knows none newer than "
            f"{len(migrations)}: start the newer gate that made it, or give this one another "
            "state_dir"
        )
    for version in range(found, len(migrations)):
        connection.executescript(
            f"BEGIN IMMEDIATE;{migrations[version]};PRAGMA user_version = {version + 1};COMMIT"
        )
    return int(found)
