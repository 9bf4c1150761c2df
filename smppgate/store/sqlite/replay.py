"""Reads the journal back into memory at a start."""

from __future__ import annotations

from smppgate.store.recent import SEGMENTS, RecentPaths
from smppgate.store.records import Limits
from smppgate.store.sqlite.disk import Disk
from smppgate.store.sqlite.journal import PIECE_SIZE, Piece
from smppgate.store.sqlite.tables import next_piece
from smppgate.store.sqlite.upkeep import Upkeep
from smppgate.txsmpp.clock import Clock


class Replay:
    """Puts the batches of the journal into memory, as pieces that are no pause for the reactor."""

    def __init__(
        self,
        clock: Clock,
        disk: Disk,
        recent: RecentPaths,
        upkeep: Upkeep,
        limits: Limits,
    ) -> None:
        self._clock = clock
        self._disk = disk
        self._recent = recent
        self._upkeep = upkeep
        self._lifetime = limits.return_path_ttl
        self._piece_size = max(1, min(PIECE_SIZE, limits.recent // 8))
        self._is_stopped = False

    def stop(self) -> None:
        """End after the present piece, and make each later `run` end at once."""
        self._is_stopped = True

    async def run(self, last_batch: int) -> None:
        """Read all batches that have not expired, up to ``last_batch``, the newest.

        :raises StoreError: when the journal cannot be read.
        """
        last = 0
        span = self._lifetime / SEGMENTS / 4
        while not self._is_stopped:
            since = self._clock.wall() - self._lifetime
            piece = await self._disk.read(next_piece, last, since, span, self._piece_size)
            if piece is None:
                break
            if not last:
                self._recent.trimmable = piece.first - 1
            await self._make_room(len(piece.paths))
            self._put(piece)
            last = piece.last
        if not last:
            self._recent.trimmable = last_batch

    async def _make_room(self, count: int) -> None:
        """Wait until memory has room for ``count`` return paths, or none can be made."""
        self._recent.expected = count
        if self._recent.is_crowded:
            self._upkeep.wake()
            await self._upkeep.settle()
        self._recent.expected = 0

    def _put(self, piece: Piece) -> None:
        self._recent.end(piece.ended)
        self._upkeep.forget(piece.ended)
        ends = piece.entries - len(piece.paths)
        self._recent.update(piece.paths, piece.written, piece.last, ends)
