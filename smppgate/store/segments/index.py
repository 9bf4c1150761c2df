"""Where in a segment a key may be: a sorted table of hashes, with a filter before it.

A file of: `_HEAD`; the first hash of each block, 8 octets each; a checksum of each block, 4 octets
each; the filter; the blocks. A block has up to `BLOCK` entries of 12 octets: the hash of a key,
and the offset of a record that has the key in its paths or its marks, big-endian, sorted. All but
the blocks is in memory. A look-up reads the one block that may have the hash.

Each read gives the interpreter's lock to other threads and then waits for it, up to 5 ms while the
reactor is busy: so hashes and offsets lie together, and the block is known before it is read.
Rejected: searching by interpolation, which takes two or three reads. Helper processes import this
module: it imports little.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.filters import NO_FILTER, Filter, make_filter, read_filter

ENTRY = 12
"""Octets of an entry."""
BLOCK = 512
"""Entries of a block, but for the last."""

_MAGIC = b"sgix\x01"
_HEAD = struct.Struct("<5sQQQQddQI")
_HASH = 8


class BadIndex(ValueError):
    """A file that is no index, a damaged one or one of another version."""


class Summary(NamedTuple):
    """What an index is of: the octets of the segment from ``start`` to ``end``.

    :param entries: keys of paths and of marks in them.
    :param paths: keys of paths among them.
    :param oldest, newest: when their first and last record was written.
    """

    start: int
    end: int
    entries: int
    paths: int
    oldest: float
    newest: float


class Index(NamedTuple):
    """An index on disk, with its parts that are in memory. ``filter`` may be empty."""

    name: str
    summary: Summary
    fences: array[int]
    checksums: array[int]
    filter: Filter
    blocks: int
    """Where in the file they begin."""

    def offsets(self, folder: AnyFolder, key: int) -> list[int]:
        """The offsets of records that have the key of this hash, the oldest first.

        :raises OSError: when the index cannot be read.
        :raises BadIndex: when it is damaged.
        """
        wanted = key.to_bytes(_HASH, "big")
        found: list[int] = []
        block = max(0, bisect_left(self.fences, key) - 1)
        while block < len(self.fences) and self.fences[block] <= key:
            octets = self.block(folder, block)
            count = len(octets) // ENTRY
            place = bisect_left(
                range(count), wanted, key=lambda it: octets[ENTRY * it : ENTRY * it + _HASH]
            )
            while place < count and octets.startswith(wanted, ENTRY * place):
                at = ENTRY * place
                found.append(int.from_bytes(octets[at + _HASH : at + ENTRY], "big"))
                place += 1
            if place < count:
                break
            block += 1
        return found

    def block(self, folder: AnyFolder, block: int) -> bytes:
        """The entries of one block.

        :raises OSError: when it cannot be read.
        :raises BadIndex: when it is damaged.
        """
        count = min(BLOCK, self.summary.entries - block * BLOCK)
        octets = folder.read(self.name, ENTRY * count, self.blocks + ENTRY * BLOCK * block)
        if crc32(octets) != self.checksums[block]:
            raise BadIndex(f"{self.name} is damaged")
        return octets


def hash_of(key: bytes) -> bytes:
    """The hash of ``key``, 8 octets."""
    return blake2b(key, digest_size=_HASH).digest()


def numbers_of(entries: bytes) -> tuple[array[int], array[int]]:
    """The hashes of ``entries`` as numbers, and their offsets."""
    words = array("I", entries)
    pairs = array("I", bytes(len(entries) // ENTRY * _HASH))
    pairs[0::2], pairs[1::2] = words[0::3], words[1::3]
    hashes, offsets = array("Q", pairs.tobytes()), words[2::3]
    if sys.byteorder == "little":
        hashes.byteswap()
        offsets.byteswap()
    return hashes, offsets


def write_index(
    folder: AnyFolder, name: str, summary: Summary, entries: Sequence[bytes | bytearray]
) -> None:
    """Make the index ``name`` of sorted ``entries``, which come in runs.

    :raises OSError: when it cannot be written.
    """
    fences, checksums = array("Q"), array("I")
    for block in _blocks(entries):
        fences.append(int.from_bytes(block[:_HASH], "big"))
        checksums.append(crc32(block))
    bits = make_filter(summary.entries, entries, ENTRY)
    middle = _little(fences) + _little(checksums) + bits
    fields = (_MAGIC, *summary, len(bits))
    checksum = crc32(middle, crc32(_HEAD.pack(*fields, 0)))
    parts: list[bytes | bytearray] = [_HEAD.pack(*fields, checksum), middle, *entries]
    folder.save(name, lambda write: [write(bytes(part)) for part in parts])


def read_index(folder: AnyFolder, name: str, filter_room: int = sys.maxsize) -> Index:
    """The index in the file ``name``; without its filter if that is over ``filter_room`` octets.

    :raises OSError: when it cannot be read.
    :raises BadIndex: when it is none.
    """
    head = folder.read(name, _HEAD.size, 0)
    if len(head) < _HEAD.size or head[: len(_MAGIC)] != _MAGIC:
        raise BadIndex(f"{name} is no index of this version")
    *fields, checksum = _HEAD.unpack(head)
    summary, bits = Summary(*fields[1:-1]), fields[-1]
    count = -(-summary.entries // BLOCK)
    size = 12 * count
    if size + bits >= 1 << 32:
        raise BadIndex(f"{name} is damaged")
    tables = folder.read(name, size, _HEAD.size)
    head_checksum = crc32(tables, crc32(_HEAD.pack(*fields, 0)))
    kept, found = read_filter(folder, name, bits, _HEAD.size + size, head_checksum)
    if found != checksum:
        raise BadIndex(f"{name} is damaged")
    fences, checksums = array("Q", tables[: 8 * count]), array("I", tables[8 * count :])
    _from_little(fences)
    _from_little(checksums)
    if bits > filter_room:
        kept = NO_FILTER
    return Index(name, summary, fences, checksums, kept, _HEAD.size + size + bits)


def _blocks(entries: Iterable[bytes | bytearray]) -> Iterator[bytes]:
    rest = b""
    for run in entries:
        octets = rest + run
        whole = len(octets) // (ENTRY * BLOCK) * ENTRY * BLOCK
        for start in range(0, whole, ENTRY * BLOCK):
            yield octets[start : start + ENTRY * BLOCK]
        rest = octets[whole:]
    if rest:
        yield rest


def _little(numbers: array[int]) -> bytes:
    copy = numbers[:]
    _from_little(copy)
    return copy.tobytes()


def _from_little(numbers: array[int]) -> None:
    if sys.byteorder == "big":
        numbers.byteswap()
