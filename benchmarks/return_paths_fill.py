"""Fills the folder of a store with old return paths, before a store is opened on it.

What a gate keeps in days takes a minute here. Records and indexes are made by the store's own
functions, one segment after the other.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from smppgate.store.segments.appending import OpenSegment
from smppgate.store.segments.building import build
from smppgate.store.segments.files import FOLDER, Folder
from smppgate.store.segments.records import BEGIN, pack
from smppgate.store.segments.sizes import Sizes

# Odd, so that different return paths have different ids; no index is filled in its order by them.
_SCATTER = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1

_BATCH = 200


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
    """Make segments in ``directory`` of return paths 0 to ``paths`` - 1, with their indexes."""
    directory.mkdir(mode=0o700)
    folder = Folder(directory / FOLDER)
    folder.make()
    most = Sizes().segment
    segment = OpenSegment(folder, 1)
    for batch in batches(range(paths), _BATCH):
        segment.append(pack(time.time(), batch))
        if segment.size >= most:
            _close(folder, segment)
            segment = OpenSegment(folder, segment.name.last + 1)
    if segment.size:
        _close(folder, segment)
    folder.close()


def _close(folder: Folder, segment: OpenSegment) -> None:
    segment.close()
    name = segment.name
    build(folder, name.log, BEGIN, segment.size, name.whole_index)


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
