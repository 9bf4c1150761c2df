"""The tables, and the statements that bring a database of an earlier version to the present one.

``queue`` has a row for each queued message. ``meta`` has ``next_number``, which
`IStore.reserve_numbers` gives next; ``archived``, the number of rows in ``archive``, since
counting them would read all keys; and ``probes``, which a test write changes. ``journal`` and
``archive`` are of version 0.1 of the gate, which kept return paths in them: batches as
`smppgate.store.sqlite.journal` reads them, in the column ``routes``, and a row for each return
path that had left memory, the oldest first.
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
"""Statements that make each version out of the one before, the first out of an empty database.
Databases in use were made by them: add new ones, never change these."""


def migrate(connection: sqlite3.Connection, migrations: tuple[str, ...] = MIGRATIONS) -> int:
    """Bring a database to the last version of ``migrations``; returns the version it had.

    Each version is a transaction.

    :raises StoreError: when the database is of a newer version.
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
