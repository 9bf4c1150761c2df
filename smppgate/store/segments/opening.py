"""Takes up at a start what is in the folder."""

from __future__ import annotations

from twisted.python.failure import Failure

from smppgate.notices.store import FILE_DAMAGED
from smppgate.store.faults import Faults
from smppgate.store.records import Limits
from smppgate.store.segments.appending import OpenSegment
from smppgate.store.segments.files import AnyFolder
from smppgate.store.segments.indexer import Indexer
from smppgate.store.segments.log import Log
from smppgate.store.segments.replay import Piece, Stock
from smppgate.store.segments.shelf import Segment, Shelf
from smppgate.store.segments.sizes import Sizes
from smppgate.store.segments.tables import Tables
from smppgate.store.segments.upkeep import INDEXES
from smppgate.store.worker import AnyWorker
from smppgate.txsmpp.clock import Clock
from smppgate.txsmpp.log import Logger

SPANS = 64
"""Into how many spans the time to live is divided: records of one may come as one."""


class Opening:
    """Fills the shelf, and memory with what no index has, and lets the log go on.

    :param worker: a thread that reads.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        folder: AnyFolder,
        shelf: Shelf,
        log: Log,
        tables: Tables,
        indexer: Indexer,
        worker: AnyWorker,
        faults: Faults,
        limits: Limits,
        sizes: Sizes,
    ) -> None:
        self._folder = folder
        self._shelf = shelf
        self._log = log
        self._tables = tables
        self._indexer = indexer
        self._worker = worker
        self._faults = faults
        self._sizes = sizes
        self.is_stopped = False
        """Whether not all was taken up: nothing may be written then, and nothing go."""
        self._mark = 0
        lifetime = limits.return_path_ttl
        self._stock = Stock(folder, clock.wall() - lifetime, lifetime / SPANS)

    def stop(self) -> None:
        """End after the present piece."""
        self.is_stopped = True

    async def run(self) -> int:
        """Take up all; returns the mark of the last record.

        :raises OSError: when something cannot be read.
        :raises StoreError: when an operator has to act.
        """
        for segment in await self._worker.run(self._stock.take):
            self._shelf.add(segment)
        self._shelf.make_room_for_filters()
        open_segment = await self._begin()
        segments = list(self._shelf.segments)
        last_indexed = max((it for it, segment in enumerate(segments) if segment.parts), default=0)
        before = 0
        for place, segment in enumerate(segments):
            before = self._mark
            await self._take_up(segment, place < last_indexed)
        self._tables.absent_until = self._shelf.indexed_until
        last = self._shelf.segments[-1]
        open_segment.newest = last.newest
        open_segment.entries = last.entries + self._mark - before
        self._log.written = open_segment.mark = self._mark
        self._log.begin(open_segment)
        return self._mark

    async def _begin(self) -> OpenSegment:
        """The segment that records are appended to: the last if nothing is wrong with it."""
        segments = self._shelf.segments
        last = segments[-1] if segments else None
        if last is not None and not last.is_whole:
            end = await self._worker.run(self._stock.last_end, last)
            is_clean = end == last.size
            if not is_clean:
                self.log.tell(FILE_DAMAGED, count=last.size - end, file=last.name.log)
                last.size = end
            if is_clean and end < self._sizes.segment and not last.name.is_compacted:
                last.is_open = True
                return OpenSegment(self._folder, last.name.last, end)
        number = last.name.last + 1 if last is not None else 1
        made = OpenSegment(self._folder, number)
        self._shelf.add(Segment(made.name, 0, is_open=True))
        self._log.begin(made)
        return made

    async def _take_up(self, segment: Segment, is_behind: bool) -> None:
        """Index what no index has of ``segment``, or put it into memory.

        What ``is_behind`` something that is indexed must not be in memory, which is asked first.
        Much is indexed rather than put there.
        """
        if segment.is_whole or self.is_stopped:
            return
        is_much = segment.size - segment.indexed > self._sizes.replay and not segment.is_open
        if is_behind or is_much:
            try:
                await self._indexer.index(segment)
                return
            except OSError:
                self._faults.failed(INDEXES, Failure())
                segment.is_hidden = is_behind
        if not segment.is_hidden:
            await self._replay(segment)

    async def _replay(self, segment: Segment) -> None:
        """Put what no index has of ``segment`` into memory."""
        await self._worker.run(self._stock.begin, segment)
        newest = float("-inf")
        while (piece := await self._worker.run(self._stock.next_piece)) is not None:
            self._put(piece)
            newest = max(newest, piece.time)
            if self.is_stopped:
                return
        segment.seen, segment.mark = newest, self._mark

    def _put(self, piece: Piece) -> None:
        self._mark += piece.entries
        self._tables.update(piece.paths, piece.time, self._mark)
        self._tables.add_ends(piece.ends, piece.time, self._mark)
