"""Databases of earlier versions are migrated, whole or not at all; newer ones are refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from smppgate.store.records import StoreError
from smppgate.store.sqlite.schema import MIGRATIONS, migrate

LATER = (*MIGRATIONS, "ALTER TABLE queue ADD COLUMN colour TEXT; UPDATE meta SET value = 7")
TORN = (*MIGRATIONS, "ALTER TABLE queue ADD COLUMN colour TEXT; UPDATE nothing SET value = 7")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _columns(connection: sqlite3.Connection) -> set[str]:
    return {row[1] for row in connection.execute("PRAGMA table_info(queue)")}


def test_an_empty_file_gets_all_tables(connection: sqlite3.Connection) -> None:
    assert migrate(connection) == 0
    assert _version(connection) == len(MIGRATIONS)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert {"journal", "archive", "queue", "meta"} <= tables


def test_todays_file_stays_as_it_is(connection: sqlite3.Connection) -> None:
    migrate(connection)
    connection.execute("UPDATE meta SET value = 5 WHERE name = 'next_number'")
    assert migrate(connection) == len(MIGRATIONS)
    rows = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    assert rows["next_number"] == 5


def test_only_what_is_missing_is_done(connection: sqlite3.Connection) -> None:
    migrate(connection)
    assert migrate(connection, LATER) == len(MIGRATIONS)
    assert _version(connection) == len(LATER)
    assert "colour" in _columns(connection)


def test_a_version_is_made_whole_or_not_at_all(connection: sqlite3.Connection) -> None:
    migrate(connection)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, TORN)
    connection.rollback()
    assert _version(connection) == len(MIGRATIONS)
    assert "colour" not in _columns(connection)


def test_a_newer_file_is_refused_by_name(connection: sqlite3.Connection) -> None:
    migrate(connection, LATER)
    with pytest.raises(StoreError, match=rf"version {len(LATER)}.*newer than {len(MIGRATIONS)}"):
        migrate(connection)
    assert _version(connection) == len(LATER)
