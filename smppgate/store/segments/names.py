"""How the files of segments are called.

A segment is ``00000007.log``; one that was compacted has the numbers of the first and the last
whose place it takes, ``00000005-00000007.log``: any other within that range is a leftover. The
index of all of a segment is ``00000007.idx``; one of a part of it has the first octet and the one
behind the last too, ``00000007.1-2000000.idx``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LOG, INDEX = ".log", ".idx"
PART = ".part"
"""How the name ends of a segment that is not whole yet."""
_LOG_NAME = re.compile(r"(\d{8,})(?:-(\d{8,}))?\.log")
_INDEX_NAME = re.compile(r"(\d{8,}(?:-\d{8,})?)\.(?:(\d+)-(\d+)\.)?idx")


class SegmentName(NamedTuple):
    """The first and last number of a segment; ``is_compacted`` tells 7 from 7-7."""

    first: int
    last: int
    is_compacted: bool = False

    @property
    def stem(self) -> str:
        """What the names of all its files begin with."""
        return f"{self.first:08}-{self.last:08}" if self.is_compacted else f"{self.first:08}"

    @property
    def log(self) -> str:
        """The file of its records."""
        return self.stem + LOG

    @property
    def whole_index(self) -> str:
        """The index of all of it."""
        return self.stem + INDEX

    def piece(self, start: int, end: int) -> str:
        """The index of a part of it."""
        return f"{self.stem}.{start}-{end}{INDEX}"

    def replaces(self, other: SegmentName) -> bool:
        """Whether ``other`` is a leftover of what this one was made of."""
        return (
            self != other
            and self.is_compacted
            and self.first <= other.first
            and other.last <= self.last
            and not (other.is_compacted and self[:2] == other[:2])
        )


class IndexName(NamedTuple):
    """The stem of an index's segment, and which part it is of; 0, 0 for all of it."""

    stem: str
    start: int
    end: int


def segment_of(name: str) -> SegmentName | None:
    """The segment whose records are in the file ``name``; None if it has none."""
    found = _LOG_NAME.fullmatch(name)
    if found is None:
        return None
    first, last = found.groups()
    return SegmentName(int(first), int(last or first), last is not None)


def index_of(name: str) -> IndexName | None:
    """What the index ``name`` is of; None if it is none."""
    found = _INDEX_NAME.fullmatch(name)
    if found is None:
        return None
    stem, start, end = found.groups()
    return IndexName(stem, int(start or 0), int(end or 0))
