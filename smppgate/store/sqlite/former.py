"""Return paths that version 0.1 kept in the SQLite file.

Those of its journal are written to a segment at the first start, with their times, and deleted
when the disk has them. Those of its archive stay where they are: they are asked last, until they
have expired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred

from smppgate.store.records import StoreError
from smppgate.store.sqlite.disk import UPKEEP, Disk
from smppgate.store.sqlite.journal import PIECE_SIZE
from smppgate.store.sqlite.tables import (
    STEP,
    Contents,
    clear_journal,
    expire_archive,
    find,
    next_piece,
)
from smppgate.txsmpp.clock import Clock

SPANS = 64
"""Into how many spans the time to live is divided: batches of one may become one record."""
EXPIRY_TICKS = 1.0
"""Seconds between two looks for what has expired."""


class Adopter(Protocol):
    """Takes return paths in."""

    def adopt(
        self, time: float, paths: Mapping[bytes, bytes], marks: Mapping[bytes, float]
    ) -> None:
        """Take in a record of an earlier time, of paths and of ends, which are older."""

    async def settle(self) -> bool:
        """Wait until the disk has all; whether it does."""


class FormerPaths:
    """The journal and the archive of an earlier version.

    :param lifetime: seconds that a return path is kept.
    """

    def __init__(self, clock: Clock, disk: Disk, lifetime: float) -> None:
        self.count = 0
        """Return paths in the archive."""
        self._clock = clock
        self._disk = disk
        self._lifetime = lifetime
        self._last_batch = 0
        self._expired_at = float("-inf")

    def begin(self, contents: Contents) -> None:
        """Begin with a newly opened file."""
        self.count = contents.archived
        self._last_batch = contents.last_batch

    async def adopt(self, adopter: Adopter) -> None:
        """Let ``adopter`` have what the journal has.

        A journal that cannot be read is a broken file, which is set aside, and no reason not to
        start.

        :raises StoreError: when it cannot be deleted: it would be taken in again at each start.
        """
        if not self._last_batch:
            return
        try:
            await self._read(adopter)
        except StoreError:
            await self._disk.renewal()
            if not self._disk.was_renewed:
                raise
            return
        if not await adopter.settle():
            raise StoreError("the return paths of an earlier version cannot be written to disk")
        await self._disk.write(UPKEEP, 0, clear_journal)
        self._last_batch = 0

    async def find(self, keys: Sequence[bytes]) -> tuple[dict[bytes, bytes], bool]:
        """What the archive has of ``keys``, and whether it could be read."""
        try:
            return await self._disk.read(find, keys, self._clock.wall()), True
        except StoreError:
            return {}, False

    def expire(self) -> Deferred[None] | None:
        """Begin to delete some that have expired; None when it is not time to."""
        now = self._clock.monotonic()
        if not self.count or now < self._expired_at + EXPIRY_TICKS:
            return None
        job = self._disk.write(UPKEEP, 0, expire_archive, self._clock.wall(), STEP)
        return job.addCallback(self._expired, now)

    async def _read(self, adopter: Adopter) -> None:
        since = self._clock.wall() - self._lifetime
        last = 0
        while True:
            piece = await self._disk.read(
                next_piece, last, since, self._lifetime / SPANS, PIECE_SIZE
            )
            if piece is None:
                return
            adopter.adopt(piece.written, piece.paths, dict.fromkeys(piece.ended, piece.written))
            last = piece.last

    def _expired(self, deleted: int, now: float) -> None:
        self.count -= deleted
        if deleted < STEP:
            self._expired_at = now
