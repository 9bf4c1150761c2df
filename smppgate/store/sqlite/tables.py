"""Reads and writes the tables, with functions of a connection.

Each call of `Connection.execute`, and each row it returns, releases the interpreter's lock and
then waits for it, up to 5 ms while the reactor is busy. So a batch is one statement where
possible, and many rows are read as one line of text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import TypeVar

from attrs import frozen

from smppgate.store.records import NewMessage, QueuedMessage
from smppgate.store.sqlite.journal import Piece, gather

T = TypeVar("T")

STEP = 128
"""Rows that one job writes. A queued message may have to wait for it: 2 to 4 ms, with ten million
return paths in the archive of version 0.1."""
STATEMENT_ROWS = 128
"""Messages that one statement writes at the most, and keys that one looks up."""
STATEMENT_OCTETS = 256 << 10
"""Octets of messages that one statement writes: SQLite has a copy of all of them until its end."""


@frozen
class Contents:
    """How much a database has when it is opened.

    :param last_batch: the number of the newest batch of return paths.
    :param archived: return paths in the archive.
    :param queued: messages of each account that has any, expired ones included.
    :param last_message: the number of the newest of them; 0 without any.
    """

    last_batch: int
    archived: int
    queued: Mapping[bytes, int]
    last_message: int


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit all statements inside when the block ends; roll all back if it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # Some errors, such as a full disk, have rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def contents(connection: sqlite3.Connection) -> Contents:
    """How much the database has."""
    last_batch, archived, last_message = connection.execute(
        "SELECT (SELECT coalesce(max(seq), 0) FROM journal),"
        " (SELECT value FROM meta WHERE name = 'archived'),"
        " (SELECT coalesce(max(number), 0) FROM queue)"
    ).fetchone()
    queued = connection.execute("SELECT account, count(*) FROM queue GROUP BY account")
    return Contents(last_batch, archived, dict(queued.fetchall()), last_message)


def leap(connection: sqlite3.Connection, number: int) -> None:
    """Let the numbers of messages, and those of `reserve`, go on from ``number``."""
    with transaction(connection):
        connection.execute("UPDATE meta SET value = ? WHERE name = 'next_number'", (number,))
        connection.execute("DELETE FROM sqlite_sequence WHERE name = 'queue'")
        connection.execute("INSERT INTO sqlite_sequence VALUES ('queue', ?)", (number,))


# The journal, of version 0.1


def next_piece(
    connection: sqlite3.Connection, after: int, since: float, span: float, size: int
) -> Piece | None:
    """The first batches with numbers over ``after`` of those written after ``since``.

    As many as `gather` takes with ``span`` and ``size``; None if there are none.
    """
    rows = connection.execute(
        "SELECT seq, written, routes FROM journal WHERE seq > ? AND written > ? ORDER BY seq",
        (after, since),
    )
    try:
        return gather(rows, span, size)
    finally:
        rows.close()


def clear_journal(connection: sqlite3.Connection) -> None:
    """Delete all batches."""
    connection.execute("DELETE FROM journal")


# The archive, of version 0.1


def expire_archive(connection: sqlite3.Connection, now: float, limit: int) -> int:
    """Delete those of the ``limit`` oldest return paths that have expired; returns how many."""
    with transaction(connection):
        deleted = connection.execute(
            "DELETE FROM archive WHERE expires <= ?"
            " AND id IN (SELECT id FROM archive ORDER BY id LIMIT ?)",
            (now, limit),
        ).rowcount
        if deleted:
            _count_archived(connection, -deleted)
    return deleted


def find(connection: sqlite3.Connection, keys: Sequence[bytes], now: float) -> dict[bytes, bytes]:
    """The return paths of ``keys`` that have not expired."""
    found: dict[bytes, bytes] = {}
    for part in _parts(keys, STATEMENT_ROWS):
        places = _places(part)
        (text,) = connection.execute(
            "SELECT group_concat(hex(key) || ':' || hex(value)) FROM archive"  # noqa: S608
            f" WHERE key IN ({','.join('?' * len(places))}) AND expires > ?",
            (*places, now),
        ).fetchone()
        for path in text.split(",") if text else ():
            key, _, value = path.partition(":")
            found[bytes.fromhex(key)] = bytes.fromhex(value)
    return found


def _count_archived(connection: sqlite3.Connection, more: int) -> None:
    connection.execute("UPDATE meta SET value = value + ? WHERE name = 'archived'", (more,))


# Queues and numbers


def enqueue(connection: sqlite3.Connection, messages: Sequence[NewMessage]) -> int:
    """Append ``messages`` to their queues, all or none; returns the number of the last."""
    last = 0
    with transaction(connection):
        for part in _message_parts(messages):
            values = chain.from_iterable((it.account, it.expires, it.pdu) for it in part)
            last = _inserted(connection, len(part), tuple(values))
    return last


def _inserted(connection: sqlite3.Connection, count: int, values: tuple[object, ...]) -> int:
    rows = ",".join(["(?,?,?)"] * count)
    inserted = connection.execute(
        f"INSERT INTO queue (account, expires, pdu) VALUES {rows}",  # noqa: S608
        values,
    )
    return inserted.lastrowid or 0


def queued(
    connection: sqlite3.Connection, account: bytes, after: int, last: int, limit: int, now: float
) -> list[QueuedMessage]:
    """The first ``limit`` messages of a queue with numbers over ``after``, up to ``last``.

    None of them has expired.
    """
    (text,) = connection.execute(
        "SELECT group_concat(number || ':' || hex(pdu) || ':' || quote(expires)) FROM"
        " (SELECT number, pdu, expires FROM queue"
        " WHERE account = ? AND number > ? AND number <= ? AND expires > ?"
        " ORDER BY number LIMIT ?)",
        (account, after, last, now, limit),
    ).fetchone()
    parts = [line.split(":") for line in text.split(",")] if text else []
    messages = [_queued_message(it) for it in parts]
    return sorted(messages, key=lambda message: message.number)


def remove(
    connection: sqlite3.Connection, messages: Iterable[tuple[bytes, int]]
) -> dict[bytes, int]:
    """Delete ``messages``, account and number; returns how many each account had of them."""
    numbers: dict[bytes, list[int]] = {}
    for account, number in messages:
        numbers.setdefault(account, []).append(number)
    with transaction(connection):
        return {name: _remove(connection, name, some) for name, some in numbers.items()}


def _remove(connection: sqlite3.Connection, account: bytes, numbers: Sequence[int]) -> int:
    deleted = 0
    for part in _parts(numbers, STATEMENT_ROWS):
        deleted += connection.execute(
            "DELETE FROM queue WHERE account = ?"  # noqa: S608
            f" AND number IN ({','.join('?' * len(part))})",
            (account, *part),
        ).rowcount
    return deleted


_EXPIRED = "FROM queue WHERE expires <= ? ORDER BY expires, number LIMIT ?"
# As one text: each row that is fetched gives the interpreter's lock away.
_LISTED = (
    "SELECT group_concat("
    "hex(account) || ':' || number || ':' || hex(pdu) || ':' || quote(expires)) FROM"
)


def expire_queue(
    connection: sqlite3.Connection, now: float, limit: int
) -> list[tuple[bytes, QueuedMessage]]:
    """Delete up to ``limit`` messages that have expired; returns them with their accounts."""
    with transaction(connection):
        (text,) = connection.execute(
            f"{_LISTED} (SELECT account, number, pdu, expires {_EXPIRED})", (now, limit)
        ).fetchone()
        connection.execute(
            f"DELETE FROM queue WHERE number IN (SELECT number {_EXPIRED})",  # noqa: S608
            (now, limit),
        )
    parts = [line.split(":") for line in text.split(",")] if text else []
    return [(bytes.fromhex(it[0]), _queued_message(it[1:])) for it in parts]


def _queued_message(parts: Sequence[str]) -> QueuedMessage:
    number, pdu, expires = parts
    return QueuedMessage(int(number), bytes.fromhex(pdu), float(expires))


def queue_sizes(connection: sqlite3.Connection, last: int, now: float) -> dict[bytes, int]:
    """The number of messages up to ``last`` that have not expired, by account; none is 0."""
    counted = connection.execute(
        "SELECT account, count(*) FROM queue WHERE number <= ? AND expires > ? GROUP BY account",
        (last, now),
    )
    return dict(counted.fetchall())


def queue_ends(connection: sqlite3.Connection, now: float) -> dict[bytes, float]:
    """When the last message expires, for each account that has any that have not expired."""
    return dict(
        connection.execute(
            "SELECT account, max(expires) FROM queue WHERE expires > ? GROUP BY account", (now,)
        ).fetchall()
    )


def reserve(connection: sqlite3.Connection, count: int) -> int:
    """Reserve ``count`` consecutive numbers, which no other call reserves; returns the first."""
    with transaction(connection):
        (first,) = connection.execute(
            "SELECT value FROM meta WHERE name = 'next_number'"
        ).fetchone()
        connection.execute(
            "UPDATE meta SET value = ? WHERE name = 'next_number'", (first + count,)
        )
    return int(first)


def probe(connection: sqlite3.Connection) -> None:
    """Write one row, to test whether writing works."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'probes'")


def probe_reading(connection: sqlite3.Connection) -> None:
    """Read one table, to test whether reading works."""
    connection.execute("SELECT value FROM meta").fetchall()


def _parts(items: Sequence[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _message_parts(messages: Sequence[NewMessage]) -> Iterator[list[NewMessage]]:
    """Parts of `STATEMENT_ROWS` messages and `STATEMENT_OCTETS`, or of one larger message."""
    part: list[NewMessage] = []
    octets = 0
    for message in messages:
        octets += len(message.pdu)
        if part and (len(part) == STATEMENT_ROWS or octets > STATEMENT_OCTETS):
            yield part
            part, octets = [], len(message.pdu)
        part.append(message)
    if part:
        yield part


def _places(keys: Sequence[bytes]) -> list[bytes]:
    """``keys`` padded with the last of them to one of four lengths: sqlite3 caches statements."""
    size = next((size for size in (1, 8, 64) if len(keys) <= size), STATEMENT_ROWS)
    return [*keys, *[keys[-1]] * (size - len(keys))]
