"""Records of return paths, and of ends of return paths, as octets of a segment.

A segment begins with `VERSION`. Records follow, integers being little-endian:

- the length of the body, 4 octets, and a checksum of that length and the body, 4 octets;
- the body: its kind, 1 octet; seconds of the wall clock when it was written, 8 octets; the numbers
  of end marks, of keys and of values, 4 octets each; when each mark's return path ends, 8 octets
  each; the lengths of the marks' keys, of the paths' keys and of the values, 4 octets each; for
  each key the place of its value, 2 octets; then all of these keys and values.

Keys of one value share it. The marks of a record are older than its paths: it may end a key and
keep it anew. Records of a kind that is not known are passed over, so that there is room for more.

Packing and unpacking use the interpreter's loops in C: every message that asks for a receipt is
packed. Helper processes import this module: it imports little.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, chain, count, islice, pairwise
from types import MappingProxyType
from typing import NamedTuple, TypeVar
from zlib import crc32

VERSION = b"\x01"
"""The first octet of a segment of this layout."""
BEGIN = len(VERSION)
"""Where the first record of a segment begins."""
MOST_KEYS = 4096
"""Return paths, and ends of return paths, in a record: packing it is no pause for the reactor."""
PATHS = 1
"""The kind of record that there is."""

_HEAD = struct.Struct("<II")
_BODY = struct.Struct("<BdIII")
_READ = 1 << 20
"""Octets that `walk` reads at once, if a record is not longer."""
_NONE: Mapping[bytes, float] = MappingProxyType({})

T = TypeVar("T")

Read = Callable[[int, int], bytes]
"""Reads a file: so many octets from an offset, fewer at its end."""


class DamagedRecord(ValueError):
    """Octets that are no record."""


class Record(NamedTuple):
    """When it was written; key → when it ends; key → value. The marks are older."""

    time: float
    marks: dict[bytes, float]
    paths: dict[bytes, bytes]


class Place(NamedTuple):
    """A record in a file: where it begins, where it ends, and its body."""

    offset: int
    end: int
    body: bytes


def pack(time: float, paths: Mapping[bytes, bytes], marks: Mapping[bytes, float] = _NONE) -> bytes:
    """The octets of a record of at most `MOST_KEYS` paths, and as many marks.

    :raises TypeError: when a key or value is not octets.
    """
    values = paths.values()
    places = dict(zip(dict.fromkeys(values), count()))
    ends, keys, distinct = len(marks), len(paths), len(places)
    body = b"".join(
        (
            _BODY.pack(PATHS, time, ends, keys, distinct),
            struct.pack(f"<{ends}d", *marks.values()) if ends else b"",
            struct.pack(
                f"<{ends + keys + distinct}I",
                *map(len, marks),
                *map(len, paths),
                *map(len, places),
            ),
            struct.pack(f"<{keys}H", *map(places.__getitem__, values)),
            *marks,
            *paths,
            *places,
        )
    )
    size = len(body)
    # The length is where the checksum begins: it is covered too.
    return _HEAD.pack(size, crc32(body, size)) + body


def unpack(body: bytes) -> Record | None:
    """The record of this body; None if it is of a kind that is not known.

    :raises DamagedRecord: when it is none.
    """
    found = _taken_apart(body)
    if found is None:
        return None
    time, due, places, parts = found
    ends, keys = len(due), len(places)
    kept = parts[ends + keys :]
    try:
        values = list(map(kept.__getitem__, places))
    except IndexError as error:
        raise DamagedRecord(str(error)) from error
    marks = dict(zip(parts[:ends], due, strict=True))
    return Record(time, marks, dict(zip(parts[ends : ends + keys], values, strict=True)))


def unpack_keys(body: bytes) -> tuple[float, int, list[bytes]] | None:
    """When the record of this body was written, the number of its paths, and all of its keys.

    Those of marks are first. None if it is of a kind that is not known. That takes half the time.

    :raises DamagedRecord: when it is no record.
    """
    found = _taken_apart(body)
    if found is None:
        return None
    time, due, places, parts = found
    return time, len(places), parts[: len(due) + len(places)]


def _taken_apart(
    body: bytes,
) -> tuple[float, tuple[float, ...], tuple[int, ...], list[bytes]] | None:
    """When it was written, when marks end, the places of values; keys and values."""
    try:
        kind, time, ends, keys, values = _BODY.unpack_from(body)
        if kind != PATHS:
            return None
        offset = _BODY.size
        due = struct.unpack_from(f"<{ends}d", body, offset)
        offset += 8 * ends
        lengths = struct.unpack_from(f"<{ends + keys + values}I", body, offset)
        offset += 4 * len(lengths)
        places = struct.unpack_from(f"<{keys}H", body, offset)
    except struct.error as error:
        raise DamagedRecord(str(error)) from error
    bounds = list(accumulate(lengths, initial=offset + 2 * keys))
    if bounds[-1] != len(body):
        raise DamagedRecord(f"a record of {bounds[-1]} octets has {len(body)}")
    return time, due, places, [body[start:stop] for start, stop in pairwise(bounds)]


def body_at(read: Read, offset: int, guess: int) -> bytes:
    """The body of the record at ``offset``, reading ``guess`` octets at first.

    Each read gives the interpreter's lock to other threads: one is enough as a rule.

    :raises DamagedRecord: when there is none.
    """
    octets = read(guess, offset)
    if len(octets) < _HEAD.size:
        raise DamagedRecord(f"{len(octets)} octets are no record")
    size, checksum = _HEAD.unpack_from(octets)
    end = _HEAD.size + size
    if end > len(octets) and len(octets) == guess:
        octets += read(end - guess, offset + guess)
    return _checked(octets, 0, size, checksum)


def walk(read: Read, start: int, end: int) -> Iterator[Place]:
    """The records from ``start`` on, up to ``end`` or the last good one.

    A damaged record is passed over if another one follows where it says that it ends.
    """
    octets, base = b"", start
    offset = start
    while offset + _HEAD.size <= end:
        if offset + _HEAD.size > base + len(octets):
            octets, base = read(_READ, offset), offset
            if len(octets) < _HEAD.size:
                return
        size, checksum = _HEAD.unpack_from(octets, offset - base)
        stop = offset + _HEAD.size + size
        if stop > end or size < _BODY.size:
            return
        if stop > base + len(octets):
            octets, base = read(max(_READ, stop - offset), offset), offset
        try:
            yield Place(offset, stop, _checked(octets, offset - base, size, checksum))
        except DamagedRecord:
            if not _is_record(read, stop, end):
                return
        offset = stop


def parts(table: Mapping[bytes, T], size: int) -> Iterator[dict[bytes, T]]:
    """``table`` in parts of ``size``."""
    items = iter(table.items())
    while part := dict(islice(items, size)):
        yield part


def _checked(octets: bytes, offset: int, size: int, checksum: int) -> bytes:
    begin = offset + _HEAD.size
    body = octets[begin : begin + size]
    if len(body) != size or size < _BODY.size or crc32(body, size) != checksum:
        raise DamagedRecord(f"the checksum of a record of {size} octets is wrong")
    return body


def _is_record(read: Read, offset: int, end: int) -> bool:
    head = read(_HEAD.size, offset)
    if len(head) < _HEAD.size or offset + _HEAD.size + _HEAD.unpack(head)[0] > end:
        return False
    try:
        return bool(body_at(read, offset, _HEAD.size + _HEAD.unpack(head)[0]))
    except DamagedRecord:
        return False


def keys_of(record: Record) -> Iterator[bytes]:
    """All keys of ``record``, of marks first."""
    return chain(record.marks, record.paths)
