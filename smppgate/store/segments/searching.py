"""Looks keys up in segments, in a thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from math import inf
from typing import NamedTuple

from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.index import BadIndex, Index, hash_of
from smppgate.store.segments.names import SegmentName
from smppgate.store.segments.records import DamagedRecord, Record, body_at, unpack

GUESS = 32 << 10
"""Octets that are read of a record before its length is known."""

Part = tuple[SegmentName, Index]


class Searched(NamedTuple):
    """What a look-up has found.

    :param times: when each of them was kept; of one that has ended, when that was noted.
    :param unknown: keys that nothing was found of, neither a return path nor an end of one.
    :param error: why not all could be read; None if it could.
    :param records: damaged records, in words.
    :param indexes: names of damaged indexes.
    """

    paths: dict[bytes, bytes]
    times: dict[bytes, float]
    unknown: set[bytes]
    error: OSError | None
    records: list[str]
    indexes: list[str]


class Newest:
    """What several look-ups have found: of each key the newest, unless that is its end."""

    def __init__(self) -> None:
        self.paths: dict[bytes, bytes] = {}
        self._times: dict[bytes, float] = {}

    def add(self, searched: Searched) -> None:
        """Take in what one of them has found."""
        for key, time in searched.times.items():
            if time > self._times.get(key, -inf):
                self._times[key] = time
                self.paths.pop(key, None)
                if key in searched.paths:
                    self.paths[key] = searched.paths[key]


class Search:
    """One look-up of several keys.

    :param parts: indexes and their segments, the youngest first.
    :param now: seconds of the wall clock.
    :param since: what was kept before has expired.
    """

    def __init__(self, folder: AnyFolder, parts: Sequence[Part], now: float, since: float) -> None:
        self._folder = folder
        self._parts = parts
        self._now = now
        self._since = since
        self._found: dict[bytes, bytes] = {}
        self._times: dict[bytes, float] = {}
        self._error: OSError | None = None
        self._records: list[str] = []
        self._indexes: list[str] = []
        self._ends: set[bytes] = set()
        """Keys with an end that is not due: it is the newest, and older ones do not count."""

    def run(self, keys: Iterable[bytes], ends: Iterable[bytes]) -> Searched:
        """Look ``keys`` up, of which ``ends`` have an end that is known and not due."""
        self._ends.update(ends)
        missing = {key: int.from_bytes(hash_of(key), "big") for key in keys}
        for name, index in self._parts:
            if not missing:
                break
            if index.summary.newest >= self._since:
                self._ask(name, index, missing)
        unknown = set(missing)
        return Searched(
            self._found, self._times, unknown, self._error, self._records, self._indexes
        )

    def _ask(self, name: SegmentName, index: Index, missing: dict[bytes, int]) -> None:
        """Ask one index, and take those out of ``missing`` for which no older one is to be asked.

        Where it cannot be read, older ones are not asked: they may be wrong by now.
        """
        may_have = index.filter.may_have
        for key in [key for key, hashed in missing.items() if may_have(hashed)]:
            try:
                is_over = self._look(name, index, key, missing[key])
            except OSError as error:
                self._error = error
                is_over = True
            except BadIndex as error:
                self._indexes.append(index.name)
                self._error = OSError(str(error))
                is_over = True
            if is_over:
                del missing[key]

    def _look(self, name: SegmentName, index: Index, key: bytes, hashed: int) -> bool:
        """Look ``key`` up in one index; whether no older one is to be asked."""
        read = partial(self._folder.read, name.log)
        for offset in reversed(index.offsets(self._folder, hashed)):
            try:
                record = unpack(body_at(read, offset, GUESS))
            except DamagedRecord as error:
                self._records.append(f"{name.log} at {offset}: {error}")
                continue
            if record is not None and self._judge(record, key):
                return True
        return False

    def _judge(self, record: Record, key: bytes) -> bool:
        """Whether ``record`` decides what becomes of ``key``."""
        if record.time < self._since:
            return key in record.paths or key in record.marks
        if key in record.paths:
            self._found[key] = record.paths[key]
            self._times[key] = record.time
            return True
        if key in record.marks and key not in self._ends:
            if record.marks[key] <= self._now:
                self._times[key] = record.time
                return True
            self._ends.add(key)
        return False
